/* SPDX-License-Identifier: BSD-2-Clause */
/* PATH and #!, as execvp(3), the kernel and env(1) read them. */
#include "config.h"

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel reads no more of a #! line. */
#define LINE_SIZE 256

static int try_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? -errno : 0;
}

static int copy_path(char path[PATH_MAX], const char *from)
{
	size_t n = strlen(from);

	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, from, n + 1);
	return try_path(path);
}

int command_find(const char *command, char path[PATH_MAX])
{
	const char *dir = getenv("PATH");
	int err = -ENOENT;

	if (!*command)
		return -ENOENT;
	if (strchr(command, '/'))
		return copy_path(path, command);
	if (!dir)
		dir = "/bin:/usr/bin";
	for (;; dir++) {
		size_t n = strcspn(dir, ":");
		int r, len;

		len = snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, dir,
			       n ? "/" : "", command);
		r = len < PATH_MAX ? try_path(path) : -ENAMETOOLONG;
		if (!r)
			return 0;
		/* As execvp: a file that may not be run is remembered. */
		if (r == -EACCES)
			err = r;
		dir += n;
		if (!*dir)
			return err;
	}
}

/* ---- #! ------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line, quotes taken off; NULL at the end. */
static char *next_word(char **line)
{
	char *from = *line, *to, *word;
	char quote = '\0';

	while (is_blank(*from))
		from++;
	if (!*from)
		return NULL;
	word = to = from;
	for (; *from && (quote || !is_blank(*from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'')
			quote = quote ? '\0' : *from;
		else
			*to++ = *from;
	}
	*line = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/* One option of env(1); sets *split where the rest is -S's own text. */
static void env_option(struct script *script, char *word, char **rest)
{
	char *unset = NULL;
	char *s;

	if (!strcmp(word, "-") || !strcmp(word, "--ignore-environment"))
		script->clears_env = true;
	if (!strncmp(word, "--unset=", 8))
		unset = word + 8;
	else if (!strcmp(word, "--chdir") || !strcmp(word, "-C"))
		next_word(rest);
	for (s = word + 1; word[1] != '-' && *s; s++) {
		if (*s == 'i')
			script->clears_env = true;
		if (*s == 'u')
			unset = s[1] ? s + 1 : next_word(rest);
		if (*s == 'u' || *s == 'C' || *s == 'S')
			break;
	}
	if (unset && !strcmp(unset, "LD_PRELOAD"))
		script->clears_env = true;
}

/*
 * What env(1) would run, given what follows it on the #! line.  The kernel
 * makes one argument of that, so more than one word needs -S.
 */
static void env_command(struct script *script, char *arg)
{
	char *rest = arg, *word;
	size_t split;

	if (arg[0] == '-') {
		split = strcspn(arg, "S");
		if (!strncmp(arg, "--split-string=", 15))
			rest = arg + 15;
		else if (arg[split] && split == strspn(arg, "-iv0")) {
			script->clears_env |= !!memchr(arg, 'i', split);
			rest = arg + split + 1;
		} else
			return;
	} else if (strpbrk(arg, " \t")) {
		return;
	}
	while ((word = next_word(&rest))) {
		if (word[0] == '-') {
			env_option(script, word, &rest);
		} else if (!strchr(word, '=')) {
			snprintf(script->command, sizeof(script->command),
				 "%s", word);
			return;
		}
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int command_script(const char *path, struct script *script)
{
	char line[LINE_SIZE + 1];
	char *interp, *arg, *end;
	ssize_t n;
	int fd;

	memset(script, 0, sizeof(*script));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = pread(fd, line, LINE_SIZE, 0);
	close(fd);
	if (n < 0)
		return -errno;
	line[n] = '\0';
	if (line[0] != '#' || line[1] != '!')
		return 0;
	line[strcspn(line, "\n")] = '\0';
	interp = line + 2 + strspn(line + 2, " \t");
	end = interp + strcspn(interp, " \t");
	arg = end + strspn(end, " \t");
	*end = '\0';
	if (!*interp)
		return 0;
	snprintf(script->interp, sizeof(script->interp), "%s", interp);
	for (end = arg + strlen(arg); end > arg && is_blank(end[-1]); end--)
		end[-1] = '\0';
	if (*arg && !strcmp(base_name(interp), "env"))
		env_command(script, arg);
	return 1;
}
