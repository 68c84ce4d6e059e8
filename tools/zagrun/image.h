/* SPDX-License-Identifier: BSD-2-Clause */
/* An ELF file, read with distrust: any offset may be wrong. */
#ifndef ZAG_ZAGRUN_IMAGE_H
#define ZAG_ZAGRUN_IMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

struct image {
	const unsigned char *base; /* the mapped file */
	size_t size;
	const Elf64_Ehdr *ehdr;	   /* NULL: not an ELF file of this machine */
	const Elf64_Phdr *phdr;
	const Elf64_Dyn *dyn;	   /* NULL: no dynamic section */
	size_t dyn_count;
	const char *strtab;
	size_t strtab_size;
};

/*
 * Maps a file.  Returns 0, whatever the file holds, or a negative errno.
 * Whoever opens an image closes it.
 */
int image_open(struct image *im, const char *path);
void image_close(struct image *im);

bool image_is_elf(const struct image *im);

/* What a file of another machine is called ("32-bit i386"), or NULL if ours. */
const char *image_foreign(const struct image *im, char *text, size_t size);

/* The name of the machine that zagshim was built for. */
const char *image_own_machine(void);

/* PT_INTERP, or NULL. */
const char *image_interp(const struct image *im);

/* The nth string of that tag (DT_NEEDED, DT_RUNPATH, ...), or NULL. */
const char *image_string(const struct image *im, Elf64_Sxword tag,
			 unsigned int nth);

/* Calls each() with the name of every symbol the file takes from others. */
void image_imports(const struct image *im,
		   void (*each)(void *arg, const char *name), void *arg);

#endif
