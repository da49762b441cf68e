/*
 * ABI modules and the executor.
 */
#pragma once

#include <kernel/file.h>
#include <kernel/task.h>
#include <lib/elf.h>

struct image;

/* Performs a call; *ret is set with OK. */
typedef enum err abi_handler(
    struct thread *t, const struct sysargs *args, long *ret);

/* One personality; chosen at exec, kept in task.abi. */
struct abi {
	const char *name;
	unsigned index; /* bit in container.allowed_abis, zone and trace id */
	bool maps_zero; /* programs may lie at address 0 */
	/* Score of how sure the module is that the image is its own: 0 not,
	 * 1 possible, 2 by its marks. */
	unsigned (*claims)(const struct image *img);
	/* The handlers by number, NULL where there is none. */
	abi_handler *const *calls;
	size_t call_count;
	/* The register value for an error or result; encodes once. */
	long (*answer)(enum err e, long ret);
	/* Lays out a new image's stack, auxv, extra mappings in img->space and
	 * sets entry state in *f. Still fails without harm. */
	enum err (*start)(struct image *img, struct arch_frame *f);
	/* The image was switched to: adopt abi_data etc. Cannot fail. */
	void (*started)(struct task *t, struct image *img);
	/* The image is thrown away: frees abi_data. NULL when start() sets
	 * none. */
	void (*discard)(struct image *img);
	/* May set abi_data, but to nothing that has to be given back: a child
	 * that fails to start is thrown away without exit. */
	enum err (*fork)(struct task *child, struct task *parent);
	void (*exit)(struct task *t);
	/* Delivers pending signals into f; called from trap_work. */
	void (*deliver)(struct thread *t, struct arch_frame *f);
	/* A user fault the space could not resolve; the module usually turns
	 * it into signal_fault. err from space_fault, or of the trap kind. */
	void (*fault)(struct thread *t, struct arch_frame *f,
	    const struct sig_info *info);
	const char *(*name_of)(uintptr_t nr); /* NULL: no such call */
	const char *(*kinds_of)(uintptr_t nr); /* argument kinds for trace */
};

static inline enum err
abi_call(const struct abi *abi, struct thread *t, uintptr_t nr,
    const struct sysargs *args, long *ret)
{
	abi_handler *call = LIKELY(nr < abi->call_count) ? abi->calls[nr] :
	    NULL;

	return LIKELY(call != NULL) ? call(t, args, ret) : ERR_NOSYS;
}

#define ABI_NATIVE 0
#define ABI_LINUX  1
#define ABI_XV6    2
#define ABI_REDOX  3
#define ABI_NANO   4

/* Registers a module: records in a linker section, gathered by abi_first. */
#define ABI_MODULE(rec) \
	static const struct abi *const rec##_entry \
	    __attribute__((section(".carmine.abi"), used)) = &(rec)

const struct abi *abi_by_index(unsigned index); /* NULL: not built in */
const struct abi *abi_by_name(const char *name);

/* ---- exec ------------------------------------------------------------- */

/* A program on its way into a space. Owned by the executor. */
/* Any stack may grow as far; arguments may take three quarters of it. */
#define IMAGE_STACK_ROOM MIB(8)

struct image {
	struct file *file; /* program */
	struct file *interp; /* PT_INTERP file or NULL */
	const char *path; /* as the caller named it, for AT_EXECFN */
	char via[256]; /* as the last "#!" line or runtime named it; "": path */
	struct elf_info elf, interp_elf; /* lib/elf.h */
	uint8_t head[512]; /* first bytes of file */
	size_t head_len;
	const struct abi *abi; /* the chosen module */
	const struct zone *zone; /* zone of the file, NULL: none */
	struct space *space; /* the new space; owned */
	/* argument strings, NUL-separated, in kernel memory */
	char *strings; /* argv then envp */
	size_t strings_len, strings_cap;
	unsigned argc, envc;
	void *phdrs; /* elf.phdr_bytes bytes, owned */
	struct path view; /* the root the program will see; referenced, or
	    NULLs: the task keeps its own */
	/* Where a stack is to be, chosen before anything is mapped: its end,
	 * and how far it may grow below that. ABIs may choose otherwise. */
	vaddr_t stack_top;
	size_t stack_size;
	/* results of loading */
	vaddr_t entry, interp_base, phdr_addr, load_bias, brk;
	bool exec_stack, secure;
	bool set_creds; /* uid and gid are to become effective */
	void *abi_data; /* for started() */
	uint32_t uid, gid; /* effective after set-id bits */
};

struct exec_request {
	struct file *dir; /* base for a relative path, NULL: cwd */
	struct file *file; /* execveat on a handle: the program itself */
	const char *path; /* kernel string */
	/* user arrays of pointers (of the running space) ... */
	uintptr_t user_argv, user_envp; /* 0: empty */
	/* ... or kernel ones when kernel_args is set */
	bool kernel_args;
	const char *const *argv, *const *envp; /* NULL-terminated */
	unsigned flags; /* EXEC_* */
	const struct abi *abi; /* asked for explicitly, else NULL */
};
#define EXEC_NOFOLLOW 0x1u

/* Replaces the running task's program. On success the frame of the thread is
 * the new program's and the call answers nothing (ERR_JUSTRETURN is the
 * success value to return from a handler); on failure nothing changed. */
enum err exec_replace(const struct exec_request *req);
/* Loads into a task made by task_spawn (not running yet). */
enum err exec_load_into(struct thread *t, const struct exec_request *req);
/* Loads the ELF images of img (program, interpreter) into img->space; for
 * the modules' start(). Done by the executor before start(). */

/* ---- zones ------------------------------------------------------------ */

struct zone {
	struct list link;
	char name[16]; /* "linux" */
	const struct abi *abi;
	struct path root; /* [I] the directory, referenced for ever */
};
/* Ties a directory to an ABI; from init, the native zone call or /proc. */
enum err zone_add(const char *dir, const struct abi *abi);
const struct zone *zone_of(struct file *f); /* NULL: none; never freed */
const struct zone *zone_by_index(unsigned i); /* the same */

/* ---- runtime delegation ----------------------------------------------- */

/* Registry lines ":name:M|E:offset:magic:mask:interpreter:flags" in
 * /proc/carmine/runtimes; per container. */
enum err runtime_register(struct container *c, const char *line, size_t len);
/* The container's line of that number, counted from 0; false: no more. */
#define RUNTIME_LINE_MAX 768
bool runtime_line(const struct container *c, unsigned index,
    char out[RUNTIME_LINE_MAX]);
