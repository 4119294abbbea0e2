#include "h5.h"

#include <hdf5.h>
#include <signal.h>
#include <string.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

enum { BLOCK = 512, EDITS = 12, DATA_MOST = 1 << 14, REPORT = 1 << 16, CHILD_SECONDS = 8 };

/* The library keeps what it does not need any more; on files that it refuses it loses some. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5\n"; }

/* ---- edits ---- */

static hid_t copy_sized(hid_t of, size_t size) {
    hid_t type = H5Tcopy(of);
    H5Tset_size(type, size);
    return type;
}

static hid_t make_enum(void) {
    static const int8_t values[2] = {0, 1};
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(type, "no", &values[0]);
    H5Tenum_insert(type, "yes", &values[1]);
    return type;
}

static hid_t make_compound(void) {
    hid_t type = H5Tcreate(H5T_COMPOUND, 8);
    H5Tinsert(type, "r", 0, H5T_IEEE_F32LE);
    H5Tinsert(type, "i", 4, H5T_STD_I32LE);
    return type;
}

static hid_t make_narrow(fuzz_input *in) {
    hid_t type = H5Tcopy(H5T_STD_U8LE);
    H5Tset_precision(type, 1 + fuzz_byte(in) % 8u);
    return type;
}

/* A type of any class; texts may be of variable length. */
static hid_t make_type(fuzz_input *in) {
    const hid_t plain[] = {H5T_STD_U8LE,   H5T_STD_I8LE,   H5T_STD_U16BE, H5T_STD_I32LE,
                           H5T_STD_U32BE,  H5T_STD_I64LE,  H5T_STD_U64LE, H5T_IEEE_F32LE,
                           H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_STD_B8LE,  H5T_STD_REF_OBJ};
    enum { PLAIN = sizeof plain / sizeof *plain };
    uint8_t choice = fuzz_byte(in) % (PLAIN + 7);
    hsize_t three = 3;
    if (choice < PLAIN) return H5Tcopy(plain[choice]);
    switch (choice - PLAIN) {
    case 0:
        return copy_sized(H5T_C_S1, 1 + fuzz_word(in) % 5000);
    case 1:
        return copy_sized(H5T_C_S1, H5T_VARIABLE);
    case 2:
        return copy_sized(H5T_OPAQUE, 1 + fuzz_byte(in));
    case 3:
        return make_enum();
    case 4:
        return make_compound();
    case 5:
        return H5Tarray_create2(H5T_STD_U8LE, 1, &three);
    default:
        return make_narrow(in);
    }
}

static hid_t make_space(fuzz_input *in, int *rank, hsize_t dims[6]) {
    *rank = fuzz_byte(in) % 7;
    if (*rank == 6) {
        *rank = 0;
        return H5Screate(H5S_NULL);
    }
    for (int i = 0; i < *rank; i++) {
        uint8_t size = fuzz_byte(in);
        dims[i] = size < 240 ? size % 12u : (hsize_t)1 << (size - 240) * 4;
    }
    return *rank ? H5Screate_simple(*rank, dims, NULL) : H5Screate(H5S_SCALAR);
}

/* What is there, a little different: one extent, one more or one less. Takes `old`, which may be -1: then any space. */
static hid_t change_space(hid_t old, fuzz_input *in, int *rank, hsize_t dims[6]) {
    uint8_t change = fuzz_byte(in);
    *rank = old >= 0 ? H5Sget_simple_extent_ndims(old) : -1;
    if (*rank < 0 || *rank > 4 || change >= 240) {
        if (old >= 0) H5Sclose(old);
        return make_space(in, rank, dims);
    }
    H5Sget_simple_extent_dims(old, dims, NULL);
    H5Sclose(old);
    if (change >= 96 && change < 160 && *rank) dims[change % *rank] = fuzz_byte(in) % 12u;
    if (change >= 160 && change < 208) dims[(*rank)++] = fuzz_byte(in) % 12u;
    if (change >= 208 && *rank) (*rank)--;
    return *rank ? H5Screate_simple(*rank, dims, NULL) : H5Screate(H5S_SCALAR);
}

/* The same type half of the time. Takes `old`, which may be -1. */
static hid_t change_type(hid_t old, fuzz_input *in) {
    if (old >= 0 && fuzz_byte(in) < 128) return old;
    if (old >= 0) H5Tclose(old);
    return make_type(in);
}

/* Compact, contiguous in other files, chunked with any filters, or virtual. *writable = 0 for the filters nbit and
 * scale-offset: HDF5 1.10 writes past its buffers where they do not suit the data. */
static hid_t make_layout(fuzz_input *in, int rank, int *writable) {
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    uint8_t choice = fuzz_byte(in) % 16, filters = fuzz_byte(in);
    *writable = 1;
    if (choice == 0) H5Pset_layout(plist, H5D_COMPACT);
    if (choice == 1) H5Pset_external(plist, "/dev/null", 0, H5F_UNLIMITED);
    if (choice == 2) H5Pset_layout(plist, H5D_VIRTUAL);
    if (choice == 3) H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
    if (choice >= 8 && rank) {
        hsize_t chunk[6];
        for (int i = 0; i < rank; i++) {
            uint8_t size = fuzz_byte(in);
            chunk[i] = size < 250 ? 1 + size % 8u : (hsize_t)1 << (size - 240) * 2;
        }
        H5Pset_chunk(plist, rank, chunk);
        if (filters & 1) H5Pset_shuffle(plist);
        if (filters & 2) H5Pset_deflate(plist, 1);
        if (filters & 4) H5Pset_fletcher32(plist);
        if (filters & 8) H5Pset_nbit(plist);
        if (filters & 16) H5Pset_scaleoffset(plist, H5Z_SO_INT, 0);
        *writable = !(filters & (8 | 16));
    }
    return plist;
}

/* Bytes of `count` elements from the input; pointers where the type holds texts of variable length. */
static void *make_data(fuzz_input *in, hid_t type, size_t count) {
    static char text[] = "any";
    size_t size = H5Tget_size(type), got;
    uint8_t *data = calloc(count + 1, size);
    NEED(data);
    if (H5Tis_variable_str(type) > 0) {
        for (size_t i = 0; i < count; i++) ((char **)data)[i] = text;
        return data;
    }
    const uint8_t *from = fuzz_take(in, 1 + fuzz_byte(in), &got);
    for (size_t i = 0; got && i < count * size; i++) data[i] = from[i % got];
    return data;
}

static size_t small_count(hid_t space, hid_t type) {
    hssize_t count = H5Sget_simple_extent_npoints(space);
    size_t size = H5Tget_size(type);
    return count > 0 && size > 0 && (uint64_t)count <= DATA_MOST / size ? (size_t)count : 0;
}

/* Large ones stay unwritten, and so unallocated. */
static void put_dataset(hid_t file, const char *path, fuzz_input *in) {
    hsize_t dims[6];
    int rank, writable;
    hid_t old = H5Dopen2(file, path, H5P_DEFAULT);
    hid_t type = change_type(old >= 0 ? H5Dget_type(old) : -1, in);
    hid_t space = change_space(old >= 0 ? H5Dget_space(old) : -1, in, &rank, dims);
    hid_t plist = make_layout(in, rank, &writable);
    if (old >= 0) H5Dclose(old);
    H5Ldelete(file, path, H5P_DEFAULT);
    size_t count = writable ? small_count(space, type) : 0;
    if (!count) H5Pset_alloc_time(plist, H5D_ALLOC_TIME_LATE);
    hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (dataset >= 0 && count && fuzz_byte(in) % 8) {
        void *data = make_data(in, type, count);
        if (H5Tget_class(type) != H5T_REFERENCE) H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
        free(data);
    }
    if (dataset >= 0) H5Dclose(dataset);
    H5Pclose(plist);
    H5Sclose(space);
    H5Tclose(type);
}

static void put_attribute(hid_t file, const char *holder, const char *name, fuzz_input *in) {
    hsize_t dims[6];
    int rank;
    hid_t object = H5Oopen(file, holder, H5P_DEFAULT);
    if (object < 0) return;
    hid_t old = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = change_type(old >= 0 ? H5Aget_type(old) : -1, in);
    hid_t space = change_space(old >= 0 ? H5Aget_space(old) : -1, in, &rank, dims);
    if (old >= 0) H5Aclose(old);
    H5Adelete(object, name);
    if (fuzz_byte(in) % 8) {
        size_t count = small_count(space, type);
        hid_t attribute = count ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
        void *data = attribute >= 0 ? make_data(in, type, count) : NULL;
        if (data && H5Tget_class(type) != H5T_REFERENCE && fuzz_byte(in) % 8) H5Awrite(attribute, type, data);
        free(data);
        if (attribute >= 0) H5Aclose(attribute);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Oclose(object);
}

/* Other values, the type and shape stay. */
static void put_values(hid_t file, const char *path, fuzz_input *in) {
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    if (dataset < 0) return;
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    /* an unwritten one stays that way (make_layout) */
    size_t count = H5Dget_storage_size(dataset) ? small_count(space, type) : 0;
    if (count && H5Tget_class(type) != H5T_REFERENCE) {
        void *data = make_data(in, type, count);
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
        free(data);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
}

static void put_link(hid_t file, const char *path, const char *other, fuzz_input *in) {
    hid_t made = -1;
    switch (fuzz_byte(in) % 5) {
    case 0:
        H5Lcreate_soft(other, file, path, H5P_DEFAULT, H5P_DEFAULT);
        break;
    case 1:
        H5Lcreate_external("other.h5", other, file, path, H5P_DEFAULT, H5P_DEFAULT);
        break;
    case 2:
        H5Lcreate_hard(file, other, file, path, H5P_DEFAULT, H5P_DEFAULT);
        break;
    case 3:
        made = make_type(in);
        H5Tcommit2(file, path, made, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Tclose(made);
        break;
    default:
        made = H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (made >= 0) H5Gclose(made);
    }
}

static const char *pick(const char *const *list, uint8_t choice) {
    uint8_t count = 0;
    while (list[count]) count++;
    return list[choice % count];
}

static void edit(hid_t file, const fuzz_h5_plan *plan, fuzz_input *in) {
    uint8_t what = fuzz_byte(in) % 8;
    const char *place = pick(plan->places, fuzz_byte(in)), *holder, *name;
    switch (what) {
    case 0:
    case 1:
        holder = fuzz_byte(in) % 4 ? plan->holder : place;
        name = pick(plan->names, fuzz_byte(in));
        put_attribute(file, holder, name, in);
        break;
    case 2:
        H5Ldelete(file, place, H5P_DEFAULT);
        break;
    case 3:
        H5Ldelete(file, place, H5P_DEFAULT);
        put_link(file, place, pick(plan->places, fuzz_byte(in)), in);
        break;
    case 4:
    case 5:
        put_dataset(file, place, in);
        break;
    default:
        put_values(file, place, in);
    }
}

void fuzz_h5_edit(const char *path, const fuzz_h5_plan *plan, fuzz_input *in) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    NEED(H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, fapl);
    NEED(file >= 0);
    for (int i = 0; in->left && i < EDITS; i++) edit(file, plan, in);
    NEED(H5Fclose(file) >= 0);
    H5Pclose(fapl);
}

/* ---- the frame ---- */

static void put_le(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> (8 * i));
}

void fuzz_h5_frame(uint8_t *bytes, size_t size) {
    NEED(size > BLOCK);
    memset(bytes, 0, BLOCK);
    memcpy(bytes, "\x89RGM\r\n\x1a\n", 8);
    put_le(bytes + 8, 1, 4);
    put_le(bytes + 12, BLOCK, 4);
    put_le(bytes + 16, size - BLOCK, 8);
    put_le(bytes + 24, XXH3_64bits(bytes + BLOCK, size - BLOCK), 8);
    put_le(bytes + 504, XXH3_64bits(bytes, 504), 8);
}

void fuzz_h5_put(const char *path, const uint8_t *good, size_t size, const fuzz_h5_plan *plan, fuzz_input *in,
                 int framed) {
    fuzz_spill(path, good, size);
    fuzz_h5_edit(path, plan, in);
    size_t edited_size;
    uint8_t *edited = fuzz_slurp(path, &edited_size);
    size_t skipped = framed ? 0 : 512; /* taken off, as h5unjam does */
    if (framed) fuzz_h5_frame(edited, edited_size);
    fuzz_spill(path, edited + skipped, edited_size - skipped);
    free(edited);
}

void fuzz_h5_need_closed(void) { NEED(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0); }

/* ---- a child ---- */

/* Whose fault is it? A report's stack begins with interceptors of the sanitizer, then the culprit: HDF5, or not. The
 * library is not compiled with UBSan, so what that one says is ours. */
static void judge_report(const char *report) {
    if (strstr(report, "runtime error:") || strstr(report, "does not hold:")) goto finding;
    const char *stack = strstr(report, "    #0 ");
    if (!stack) return;
    const char *end = stack;
    for (int frame = 0; frame < 4 && end; frame++) end = strchr(end + 1, '\n');
    const char *library = strstr(stack, "libhdf5");
    if (library && (!end || library < end)) return;
finding:
    fprintf(stderr, "in a child process:\n%s\n", report);
    abort();
}

static void run_child(int out, void (*look)(void *context), void *context) {
    struct rlimit seconds = {CHILD_SECONDS, CHILD_SECONDS};
    setrlimit(RLIMIT_CPU, &seconds);
    dup2(out, STDERR_FILENO);
    __sanitizer_set_death_callback(NULL); /* libFuzzer's would write the input to a file: the parent decides */
    signal(SIGALRM, SIG_IGN);             /* its clock */
    look(context);
    _exit(0);
}

int fuzz_h5_survives(void (*look)(void *context), void *context) {
    static char report[REPORT];
    int ends[2], how = 0;
    size_t have = 0;
    NEED(pipe(ends) == 0);
    pid_t child = fork();
    NEED(child >= 0);
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], look, context);
    }
    close(ends[1]);
    for (;;) {
        char rest[4096];
        ssize_t got = have < sizeof report - 1 ? read(ends[0], report + have, sizeof report - 1 - have)
                                               : read(ends[0], rest, sizeof rest);
        if (got <= 0) break;
        if (have < sizeof report - 1) have += (size_t)got;
    }
    close(ends[0]);
    report[have] = 0;
    NEED(waitpid(child, &how, 0) == child);
    judge_report(report);
    return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}
