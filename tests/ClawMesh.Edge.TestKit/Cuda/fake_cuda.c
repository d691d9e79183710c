/*
 * A libcuda.so.1 without a GPU: the product's own kernel, compiled for this processor, behind the calls of the driver that the product
 * makes. What goes wrong is told by words "key=number" in CLAWMESH_FAKE_CUDA or in a file fake_cuda.control beside the library, which
 * is read anew with each call:
 *   driver=11040          version of CUDA        devices=0            none is there
 *   init=999              what cuInit answers    module=218           what cuModuleLoadDataEx answers
 *   alloc_fails_from=N    the Nth allocation since the word is there and all later ones find no memory
 *   launch_fails_from=N   the Nth launch since the word is there and everything after it answers CUDA_ERROR_LAUNCH_FAILED
 *   hang=1                cuCtxSynchronize does not return while it is set
 *   nan=1                 what is read back is no number
 *   skips_from=N          launches of N blocks or more compute nothing: a trial compares a small plan and only times a large one, so
 *                         this makes the fake the fastest engine of any machine
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rollout.cu"

enum { SUCCESS = 0, INVALID_VALUE = 1, NO_MEMORY = 2, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_PTX = 218, NOT_FOUND = 500, LAUNCH_FAILED = 719 };
enum { MEMORIES = 64 };

static struct { char *at; size_t bytes; } memories[MEMORIES];
static int allocations, launches, lost, entry_rollouts, entry_best, module, context;

static long control(const char *key, long otherwise)
{
    char text[512] = "";
    const char *set = getenv("CLAWMESH_FAKE_CUDA");
    Dl_info self;
    if (set) {
        snprintf(text, sizeof text, "%s", set);
    } else if (dladdr(&allocations, &self)) {
        char path[4096];
        snprintf(path, sizeof path, "%s", self.dli_fname);
        char *slash = strrchr(path, '/');
        if (slash) snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "fake_cuda.control");
        FILE *file = fopen(path, "r");
        if (file) {
            text[fread(text, 1, sizeof text - 1, file)] = 0;
            fclose(file);
        }
    }

    size_t length = strlen(key);
    for (char *word = strtok(text, " ,\n"); word; word = strtok(NULL, " ,\n")) {
        if (strncmp(word, key, length) == 0 && word[length] == '=') return atol(word + length + 1);
    }

    return otherwise;
}

/* Everything copied lies within one allocation. */
static int inside(uint64_t at, size_t bytes)
{
    for (int i = 0; i < MEMORIES; i++) {
        uint64_t start = (uint64_t)(uintptr_t)memories[i].at;
        if (start && at >= start && at + bytes <= start + memories[i].bytes) return 1;
    }

    return 0;
}

int cuInit(unsigned flags) { (void)flags; return (int)control("init", SUCCESS); }
int cuDriverGetVersion(int *version) { *version = (int)control("driver", 12080); return SUCCESS; }
int cuDeviceGetCount(int *count) { *count = (int)control("devices", 1); return SUCCESS; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal == 0 ? SUCCESS : INVALID_DEVICE; }
int cuDeviceGetName(char *name, int bytes, int device) { (void)device; snprintf(name, (size_t)bytes, "Fake GPU"); return SUCCESS; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { (void)device; *value = attribute == 16 ? 2 : 0; return SUCCESS; }
int cuDevicePrimaryCtxSetFlags(int device, unsigned flags) { (void)device; (void)flags; return SUCCESS; }
int cuDevicePrimaryCtxRetain(void **to, int device) { (void)device; *to = &context; return SUCCESS; }
int cuDevicePrimaryCtxRelease(int device) { (void)device; return SUCCESS; }
int cuCtxSetCurrent(void *which) { return which && which != &context ? INVALID_VALUE : lost; }

int cuCtxSynchronize(void)
{
    while (control("hang", 0)) usleep(2000);
    return lost;
}

int cuModuleLoadDataEx(void **to, const char *image, unsigned count, int *options, void **values)
{
    int result = (int)control("module", strstr(image, ".visible .entry rollouts(") && strstr(image, ".visible .entry best(") ? SUCCESS : INVALID_PTX);
    *to = &module;
    for (unsigned i = 0; result && i < count; i++) {
        if (options[i] == 5) strcpy(values[i], "ptxas fatal   : Unsupported .version\nptxas fatal   : Ptx assembly aborted");
    }

    return result;
}

int cuModuleGetFunction(void **to, void *of, const char *name)
{
    if (of != &module) return INVALID_VALUE;
    *to = strcmp(name, "rollouts") == 0 ? (void *)&entry_rollouts : strcmp(name, "best") == 0 ? (void *)&entry_best : NULL;
    return *to ? SUCCESS : NOT_FOUND;
}

int cuModuleUnload(void *which) { return which == &module ? SUCCESS : INVALID_VALUE; }

int cuMemAlloc_v2(uint64_t *to, size_t bytes)
{
    long fails = control("alloc_fails_from", 0);
    if (fails && ++allocations >= fails) return NO_MEMORY;
    for (int i = 0; i < MEMORIES; i++) {
        if (memories[i].at) continue;
        memories[i].at = malloc(bytes);
        memories[i].bytes = bytes;
        memset(memories[i].at, 0xA5, bytes);
        *to = (uint64_t)(uintptr_t)memories[i].at;
        return SUCCESS;
    }

    return NO_MEMORY;
}

int cuMemFree_v2(uint64_t at)
{
    for (int i = 0; i < MEMORIES; i++) {
        if (!at || (uint64_t)(uintptr_t)memories[i].at != at) continue;
        free(memories[i].at);
        memories[i].at = NULL;
        return SUCCESS;
    }

    return INVALID_VALUE;
}

int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes)
{
    if (lost) return lost;
    if (!inside(to, bytes)) return INVALID_VALUE;
    memcpy((void *)(uintptr_t)to, from, bytes);
    return SUCCESS;
}

int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes)
{
    if (lost) return lost;
    if (!inside(from, bytes)) return INVALID_VALUE;
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    size_t broken = control("nan", 0) ? bytes / sizeof(float) : 0;
    for (size_t i = 0; i < broken; i++) ((float *)to)[i] = NAN;
    return SUCCESS;
}

int cuLaunchKernel(void *function, unsigned blocks, unsigned y, unsigned z, unsigned threads, unsigned ty, unsigned tz, unsigned shared, void *stream, void **parameters, void **extra)
{
    (void)shared; (void)stream;
    long fails = control("launch_fails_from", 0);
    if (fails && ++launches >= fails) lost = LAUNCH_FAILED;
    if (lost) return lost;
    if (y != 1 || z != 1 || ty != 1 || tz != 1 || extra || threads > (function == &entry_best ? (unsigned)BEST_BLOCK : (unsigned)BLOCK)) return INVALID_VALUE;
    long skips = control("skips_from", 0);
    if (skips && (long)blocks >= skips) return SUCCESS;
    host_block_size = (int)threads;
    for (host_block_index = 0; host_block_index < (int)blocks; host_block_index++) {
        if (function == &entry_rollouts) rollouts(*(struct rollout_arguments *)parameters[0]);
        else best(*(struct best_arguments *)parameters[0]);
    }

    return SUCCESS;
}

int cuGetErrorName(int result, const char **name)
{
    switch (result) {
    case INVALID_VALUE: *name = "CUDA_ERROR_INVALID_VALUE"; return SUCCESS;
    case NO_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return SUCCESS;
    case NO_DEVICE: *name = "CUDA_ERROR_NO_DEVICE"; return SUCCESS;
    case INVALID_DEVICE: *name = "CUDA_ERROR_INVALID_DEVICE"; return SUCCESS;
    case INVALID_PTX: *name = "CUDA_ERROR_INVALID_PTX"; return SUCCESS;
    case NOT_FOUND: *name = "CUDA_ERROR_NOT_FOUND"; return SUCCESS;
    case LAUNCH_FAILED: *name = "CUDA_ERROR_LAUNCH_FAILED"; return SUCCESS;
    default: *name = NULL; return INVALID_VALUE;
    }
}
