/* Loads ONNX Runtime as the node does, by name and by the first entry of its function table (onnxruntime_c_api.h), and asks its version. */
#include <dlfcn.h>
#include <stdio.h>

typedef struct {
    const void *(*get_api)(unsigned version);
    const char *(*get_version)(void);
} ApiBase;

int main(int count, char **arguments)
{
    void *library = count > 1 ? dlopen(arguments[1], RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "load: %s\n", count > 1 ? dlerror() : "which library?");
        return 1;
    }
    const ApiBase *(*base)(void) = (const ApiBase *(*)(void))dlsym(library, "OrtGetApiBase");
    if (!base) {
        fprintf(stderr, "load: no OrtGetApiBase\n");
        return 1;
    }
    printf("ONNX Runtime %s\n", base()->get_version());
    return 0;
}
