/* SPDX-License-Identifier: BSD-2-Clause */
/* What ends every .S file: no executable stack, and what it is safe for.  The
 * linker marks a library as protected if all of its parts are. */
#if defined(__ASSEMBLER__)

#if defined(__ARM_FEATURE_BTI_DEFAULT)
#define HAS_BTI 1
#else
#define HAS_BTI 0
#endif
#if defined(__ARM_FEATURE_PAC_DEFAULT)
#define HAS_PAC 2
#else
#define HAS_PAC 0
#endif
#if HAS_BTI || HAS_PAC
	.section .note.gnu.property, "a"
	.p2align 3
	.word	4, 16, 5 /* NT_GNU_PROPERTY_TYPE_0 */
	.asciz	"GNU"
	.word	0xc0000000, 4 /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
	.word	HAS_BTI | HAS_PAC, 0
#endif

	.section .note.GNU-stack, "", %progbits

#endif
