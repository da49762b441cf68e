/*
 * The native ABI's record, and how a native program is recognized: by an ELF
 * note of owner "Carmine", type 1, that names the ABI version.
 */
#include "native.h"

#include <kernel/iter.h>
#include <lib/elf.h>

#define NOTE_BYTES 256 /* of a note segment that are looked at */

static bool
note_matches(const void *notes, size_t len)
{
	struct elf_note_view n;
	uint32_t version;
	size_t off = 0;

	while (elf_note_next(notes, len, 4, &off, &n)) {
		if (n.type != CM_NOTE_ABI || n.desc_len != sizeof(version) ||
		    n.name_len != sizeof(CM_NOTE_OWNER) - 1 ||
		    memcmp(n.name, CM_NOTE_OWNER, n.name_len) != 0)
			continue;
		memcpy(&version, n.desc, sizeof(version));
		return version == CM_ABI_VERSION;
	}
	return false;
}

static bool
note_in_file(const struct image *img, const struct elf_range *r)
{
	uint8_t buf[NOTE_BYTES];
	struct iter it;
	size_t done = 0;

	if (r->offset + r->bytes <= img->head_len)
		return note_matches(img->head + r->offset, r->bytes);
	iter_kernel(&it, buf, MIN(r->bytes, sizeof(buf)), true);
	if (file_pread(img->file, &it, r->offset, &done) != OK)
		return false;
	return note_matches(buf, done);
}

static unsigned
nt_claims(const struct image *img)
{
	const struct elf_info *elf = &img->elf;

	if (elf->machine != ARCH_ELF_MACHINE || elf->type != ELF_TYPE_EXEC ||
	    elf->interp.bytes != 0)
		return 0;
	for (uint32_t i = 0; i < elf->note_count; i++)
		if (note_in_file(img, &elf->note[i]))
			return 2;
	return 0;
}

static const struct abi native = {
	.name = "native",
	.index = ABI_NATIVE,
	.claims = nt_claims,
	.calls = nt_calls,
	.call_count = NT_CALL_LIMIT,
	.answer = nt_answer,
	.start = nt_start,
	.deliver = nt_deliver,
	.fault = nt_fault,
	.name_of = nt_name_of,
	.kinds_of = nt_kinds_of,
};
ABI_MODULE(native);
