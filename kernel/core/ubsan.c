/*
 * Undefined behaviour, reported (BUILD=check and asan).
 *
 * With -fsanitize=undefined the compiler checks shifts, array indices,
 * divisions, null pointers, booleans and enums, and calls one of the functions
 * below with a record of the place and of the types. Each place reports once:
 * the compiler leaves the record writable, and the column of a place that has
 * reported is set to all ones. A report says "ubsan:", which the test runner
 * takes as a failure; the kernel goes on.
 *
 * The records' shapes are the compilers' interface: gcc 12 gcc/ubsan.c, LLVM
 * compiler-rt/lib/ubsan/ubsan_handlers.h, version 1 of each record.
 */
#include <kernel/log.h>

struct place {
	const char *file;
	uint32_t line;
	atomic_uint column; /* [A] REPORTED once it was told */
};
#define REPORTED UINT32_MAX

struct type {
	uint16_t kind; /* TYPE_* */
	uint16_t shape; /* integers: bit 0 signed, then log2 of the width */
	char name[]; /* in quotes */
};
#define TYPE_INTEGER 0

struct overflow {
	struct place at;
	const struct type *type;
};
struct shift {
	struct place at;
	const struct type *left, *right;
};
struct bounds {
	struct place at;
	const struct type *array, *index;
};
struct mismatch {
	struct place at;
	const struct type *type;
	uint8_t log2_align, kind;
};
struct value {
	struct place at;
	const struct type *type;
};
struct nonnull_argument {
	struct place at, attribute;
	int index;
};
struct unreachable {
	struct place at;
};
struct builtin {
	struct place at;
	uint8_t kind;
};
struct alignment {
	struct place at, assumption;
	const struct type *type;
};

/* A value as the compiler passes it: itself, or the address of a wide one. */
static long long
integer(const struct type *t, uintptr_t v)
{
	unsigned bits = 1u << (t->shape >> 1);

	if (t->kind != TYPE_INTEGER)
		return (long long)v;
	if (bits > 64) /* its low half says enough */
		return *(const long long *)v;
	if ((t->shape & 1) == 0 || bits == 64)
		return (long long)v;
	return (long long)(v << (64 - bits)) >> (64 - bits);
}

/* False when the place has reported before. */
static bool
begin(struct place *at)
{
	uint32_t column = atomic_exchange(&at->column, REPORTED);

	if (column == REPORTED)
		return false;
	log_raw("ubsan: %s:%u:%u: ", at->file, at->line, column);
	return true;
}

static void
end(void)
{
	log_raw("\n");
	backtrace_print();
}

static void
report_overflow(struct overflow *o, const char *sign, uintptr_t a, uintptr_t b)
{
	if (!begin(&o->at))
		return;
	log_raw("%lld %s %lld does not fit %s", integer(o->type, a), sign,
	    integer(o->type, b), o->type->name);
	end();
}

static const char *const access_names[] = {
	"load of", "store to", "reference to", "member access in",
	"member call on", "constructor call on", "downcast of",
	"downcast of", "upcast of", "cast to base of", "null check of",
	"dynamic operation on",
};

/* ---- what the compilers call ------------------------------------------- */

#define HANDLER(name) __ubsan_handle_##name

void HANDLER(add_overflow)(struct overflow *o, uintptr_t a, uintptr_t b);
void HANDLER(sub_overflow)(struct overflow *o, uintptr_t a, uintptr_t b);
void HANDLER(mul_overflow)(struct overflow *o, uintptr_t a, uintptr_t b);
void HANDLER(negate_overflow)(struct overflow *o, uintptr_t a);
void HANDLER(divrem_overflow)(struct overflow *o, uintptr_t a, uintptr_t b);
void HANDLER(shift_out_of_bounds)(struct shift *s, uintptr_t a, uintptr_t b);
void HANDLER(out_of_bounds)(struct bounds *b, uintptr_t index);
void HANDLER(type_mismatch_v1)(struct mismatch *m, uintptr_t pointer);
void HANDLER(pointer_overflow)(
    struct unreachable *u, uintptr_t base, uintptr_t result);
void HANDLER(load_invalid_value)(struct value *v, uintptr_t value);
void HANDLER(vla_bound_not_positive)(struct value *v, uintptr_t bound);
void HANDLER(nonnull_arg)(struct nonnull_argument *n);
void HANDLER(nonnull_return_v1)(struct unreachable *u, struct place *at);
void HANDLER(nullability_arg)(struct nonnull_argument *n);
void HANDLER(nullability_return_v1)(struct unreachable *u, struct place *at);
void HANDLER(builtin_unreachable)(struct unreachable *u);
void HANDLER(missing_return)(struct unreachable *u);
void HANDLER(invalid_builtin)(struct builtin *b);
void HANDLER(alignment_assumption)(struct alignment *a, uintptr_t pointer,
    uintptr_t align, uintptr_t offset);
void HANDLER(function_type_mismatch)(struct value *v, uintptr_t function);

void
HANDLER(add_overflow)(struct overflow *o, uintptr_t a, uintptr_t b)
{
	report_overflow(o, "+", a, b);
}

void
HANDLER(sub_overflow)(struct overflow *o, uintptr_t a, uintptr_t b)
{
	report_overflow(o, "-", a, b);
}

void
HANDLER(mul_overflow)(struct overflow *o, uintptr_t a, uintptr_t b)
{
	report_overflow(o, "*", a, b);
}

void
HANDLER(negate_overflow)(struct overflow *o, uintptr_t a)
{
	report_overflow(o, "negated, not", a, a);
}

void
HANDLER(divrem_overflow)(struct overflow *o, uintptr_t a, uintptr_t b)
{
	report_overflow(o, "/", a, b);
}

void
HANDLER(shift_out_of_bounds)(struct shift *s, uintptr_t a, uintptr_t b)
{
	if (!begin(&s->at))
		return;
	log_raw("%lld shifted by %lld in %s", integer(s->left, a),
	    integer(s->right, b), s->left->name);
	end();
}

void
HANDLER(out_of_bounds)(struct bounds *b, uintptr_t index)
{
	if (!begin(&b->at))
		return;
	log_raw("index %lld is outside of %s", integer(b->index, index),
	    b->array->name);
	end();
}

void
HANDLER(type_mismatch_v1)(struct mismatch *m, uintptr_t pointer)
{
	uintptr_t align = (uintptr_t)1 << m->log2_align;

	if (!begin(&m->at))
		return;
	log_raw("%s %s at %p: %s", m->kind < ARRAY_LEN(access_names) ?
	    access_names[m->kind] : "use of", m->type->name, (void *)pointer,
	    pointer == 0 ? "null" : (pointer & (align - 1)) != 0 ?
	    "misaligned" : "too small");
	end();
}

void
HANDLER(pointer_overflow)(
    struct unreachable *u, uintptr_t base, uintptr_t result)
{
	if (!begin(&u->at))
		return;
	log_raw("pointer %p moved to %p", (void *)base, (void *)result);
	end();
}

void
HANDLER(load_invalid_value)(struct value *v, uintptr_t value)
{
	if (!begin(&v->at))
		return;
	log_raw("%lld is no value of %s", integer(v->type, value),
	    v->type->name);
	end();
}

void
HANDLER(vla_bound_not_positive)(struct value *v, uintptr_t bound)
{
	if (!begin(&v->at))
		return;
	log_raw("array of %lld elements", integer(v->type, bound));
	end();
}

static void
report_null(struct place *at, const char *what, int index)
{
	if (!begin(at))
		return;
	log_raw("null %s", what);
	if (index > 0)
		log_raw(" %d", index);
	end();
}

void
HANDLER(nonnull_arg)(struct nonnull_argument *n)
{
	report_null(&n->at, "argument", n->index);
}

void
HANDLER(nullability_arg)(struct nonnull_argument *n)
{
	report_null(&n->at, "argument", n->index);
}

void
HANDLER(nonnull_return_v1)(struct unreachable *u UNUSED, struct place *at)
{
	report_null(at, "result", 0);
}

void
HANDLER(nullability_return_v1)(struct unreachable *u UNUSED, struct place *at)
{
	report_null(at, "result", 0);
}

/* After these two there is no code to go on with. */
void
HANDLER(builtin_unreachable)(struct unreachable *u)
{
	panic("ubsan: %s:%u: a place that cannot be reached was reached",
	    u->at.file, u->at.line);
}

void
HANDLER(missing_return)(struct unreachable *u)
{
	panic("ubsan: %s:%u: a function ended without its result",
	    u->at.file, u->at.line);
}

void
HANDLER(invalid_builtin)(struct builtin *b)
{
	if (!begin(&b->at))
		return;
	log_raw("zero passed to %s", b->kind == 0 ? "ctz" : "clz");
	end();
}

void
HANDLER(alignment_assumption)(struct alignment *a, uintptr_t pointer,
    uintptr_t align, uintptr_t offset)
{
	if (!begin(&a->at))
		return;
	log_raw("%p - %#lx is assumed to be aligned to %lu", (void *)pointer,
	    (unsigned long)offset, (unsigned long)align);
	end();
}

void
HANDLER(function_type_mismatch)(struct value *v, uintptr_t function)
{
	if (!begin(&v->at))
		return;
	log_raw("%p called as %s", (void *)function, v->type->name);
	end();
}
