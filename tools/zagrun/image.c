/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what the loader would read of an ELF file, with every bound checked. */
#include "config.h"

#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#endif

static const struct machine {
	Elf64_Half number;
	const char *name;
} machines[] = {
	{ EM_X86_64, "x86-64" },    { EM_AARCH64, "aarch64" },
	{ EM_386, "i386" },	    { EM_ARM, "ARM" },
	{ EM_PPC, "PowerPC" },	    { EM_PPC64, "PowerPC" },
	{ EM_RISCV, "RISC-V" },	    { EM_S390, "S/390" },
	{ EM_MIPS, "MIPS" },	    { EM_LOONGARCH, "LoongArch" },
	{ EM_SPARC, "SPARC" },	    { EM_SPARCV9, "SPARC" },
	{ EM_IA_64, "Itanium" },    { EM_ALPHA, "Alpha" },
	{ EM_68K, "m68k" },	    { EM_PARISC, "PA-RISC" },
};

/* n items of `size` bytes at file offset `off`, or NULL. */
static const void *at(const struct image *im, uint64_t off, uint64_t n,
		      size_t size)
{
	size_t align = size % 8 == 0 ? 8 : size % 4 == 0 ? 4 : 1;

	if (off > im->size || n > (im->size - off) / size || off % align)
		return NULL;
	return im->base + off;
}

/* A string that ends within the file's own bounds, or NULL. */
static const char *string_at(const char *s, size_t room)
{
	return memchr(s, '\0', room) ? s : NULL;
}

/* The file offset of an address, or UINT64_MAX. */
static uint64_t offset_of(const struct image *im, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < im->ehdr->e_phnum; i++) {
		const Elf64_Phdr *p = &im->phdr[i];

		if (p->p_type == PT_LOAD && addr >= p->p_vaddr &&
		    addr - p->p_vaddr < p->p_filesz)
			return p->p_offset + (addr - p->p_vaddr);
	}
	return UINT64_MAX;
}

static const Elf64_Phdr *segment(const struct image *im, Elf64_Word type)
{
	unsigned int i;

	for (i = 0; im->ehdr && i < im->ehdr->e_phnum; i++)
		if (im->phdr[i].p_type == type)
			return &im->phdr[i];
	return NULL;
}

static const Elf64_Dyn *dyn_find(const struct image *im, Elf64_Sxword tag,
				 unsigned int nth)
{
	size_t i;

	for (i = 0; i < im->dyn_count && im->dyn[i].d_tag != DT_NULL; i++)
		if (im->dyn[i].d_tag == tag && nth-- == 0)
			return &im->dyn[i];
	return NULL;
}

static void find_dynamic(struct image *im)
{
	const Elf64_Phdr *p = segment(im, PT_DYNAMIC);
	const Elf64_Dyn *tab, *size;

	if (!p)
		return;
	im->dyn_count = p->p_filesz / sizeof(Elf64_Dyn);
	im->dyn = at(im, p->p_offset, im->dyn_count, sizeof(Elf64_Dyn));
	if (!im->dyn) {
		im->dyn_count = 0;
		return;
	}
	tab = dyn_find(im, DT_STRTAB, 0);
	size = dyn_find(im, DT_STRSZ, 0);
	if (!tab || !size)
		return;
	im->strtab = at(im, offset_of(im, tab->d_un.d_ptr), size->d_un.d_val,
			1);
	im->strtab_size = im->strtab ? size->d_un.d_val : 0;
}

bool image_is_elf(const struct image *im)
{
	return im->size >= EI_NIDENT && !memcmp(im->base, ELFMAG, SELFMAG);
}

static bool is_own(const struct image *im)
{
	const Elf64_Ehdr *e = (const void *)im->base;

	return image_is_elf(im) && im->size >= sizeof(*e) &&
	       e->e_ident[EI_CLASS] == ELFCLASS64 &&
	       e->e_ident[EI_DATA] == ELFDATA2LSB &&
	       e->e_machine == OWN_MACHINE;
}

int image_open(struct image *im, const char *path)
{
	struct stat st;
	void *map;
	int fd, err = 0;

	memset(im, 0, sizeof(*im));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EACCES;
		goto out;
	}
	if (!st.st_size)
		goto out;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED) {
		err = -errno;
		goto out;
	}
	im->base = map;
	im->size = (size_t)st.st_size;
	if (!is_own(im))
		goto out;
	im->ehdr = map;
	im->phdr = at(im, im->ehdr->e_phoff, im->ehdr->e_phnum,
		      sizeof(Elf64_Phdr));
	if (im->phdr)
		find_dynamic(im);
	else
		im->ehdr = NULL;
out:
	close(fd);
	return err;
}

void image_close(struct image *im)
{
	if (im->base)
		munmap((void *)im->base, im->size);
	memset(im, 0, sizeof(*im));
}

static const char *machine_name(Elf64_Half number)
{
	size_t i;

	for (i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].number == number)
			return machines[i].name;
	return "another machine's";
}

const char *image_own_machine(void)
{
	return machine_name(OWN_MACHINE);
}

const char *image_foreign(const struct image *im, char *text, size_t size)
{
	bool wide, big;
	unsigned int number;

	/* e_machine has the same place in both classes. */
	if (!image_is_elf(im) || is_own(im) || im->size < 20)
		return NULL;
	wide = im->base[EI_CLASS] == ELFCLASS64;
	big = im->base[EI_DATA] == ELFDATA2MSB;
	number = big ? im->base[18] << 8 | im->base[19] :
		       im->base[19] << 8 | im->base[18];
	snprintf(text, size, "%s-bit %s%s", wide ? "64" : "32",
		 big ? "big-endian " : "", machine_name((Elf64_Half)number));
	return text;
}

const char *image_interp(const struct image *im)
{
	const Elf64_Phdr *p = segment(im, PT_INTERP);
	const char *s;

	if (!p)
		return NULL;
	s = at(im, p->p_offset, p->p_filesz, 1);
	return s ? string_at(s, p->p_filesz) : NULL;
}

const char *image_string(const struct image *im, Elf64_Sxword tag,
			 unsigned int nth)
{
	const Elf64_Dyn *d = dyn_find(im, tag, nth);

	if (!d || d->d_un.d_val >= im->strtab_size)
		return NULL;
	return string_at(im->strtab + d->d_un.d_val,
			 im->strtab_size - d->d_un.d_val);
}

/* ---- symbols -------------------------------------------------------- */

static const Elf64_Sym *symbols_by_section(const struct image *im, size_t *n)
{
	const Elf64_Shdr *sh = at(im, im->ehdr->e_shoff, im->ehdr->e_shnum,
				  sizeof(Elf64_Shdr));
	unsigned int i;

	for (i = 0; sh && i < im->ehdr->e_shnum; i++) {
		if (sh[i].sh_type != SHT_DYNSYM)
			continue;
		*n = sh[i].sh_size / sizeof(Elf64_Sym);
		return at(im, sh[i].sh_offset, *n, sizeof(Elf64_Sym));
	}
	return NULL;
}

/* Without sections: the length is DT_HASH's, or up to the string table. */
static const Elf64_Sym *symbols_by_dynamic(const struct image *im, size_t *n)
{
	const Elf64_Dyn *tab = dyn_find(im, DT_SYMTAB, 0);
	const Elf64_Dyn *hash = dyn_find(im, DT_HASH, 0);
	const Elf64_Dyn *str = dyn_find(im, DT_STRTAB, 0);
	const Elf64_Word *words = NULL;

	if (!tab)
		return NULL;
	if (hash)
		words = at(im, offset_of(im, hash->d_un.d_ptr), 2,
			   sizeof(*words));
	if (words)
		*n = words[1];
	else if (str && str->d_un.d_ptr > tab->d_un.d_ptr)
		*n = (str->d_un.d_ptr - tab->d_un.d_ptr) / sizeof(Elf64_Sym);
	else
		return NULL;
	return at(im, offset_of(im, tab->d_un.d_ptr), *n, sizeof(Elf64_Sym));
}

void image_imports(const struct image *im,
		   void (*each)(void *arg, const char *name), void *arg)
{
	const Elf64_Sym *sym;
	size_t n = 0, i;

	if (!im->dyn || !im->strtab)
		return;
	sym = symbols_by_section(im, &n);
	if (!sym)
		sym = symbols_by_dynamic(im, &n);
	for (i = 1; sym && i < n; i++) {
		const char *name;

		if (sym[i].st_shndx != SHN_UNDEF ||
		    sym[i].st_name >= im->strtab_size)
			continue;
		name = string_at(im->strtab + sym[i].st_name,
				 im->strtab_size - sym[i].st_name);
		if (name && *name)
			each(arg, name);
	}
}
