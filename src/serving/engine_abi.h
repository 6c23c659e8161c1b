/* The border between a model server and an engine plugin: plain C, so that the two may come from
 * different compilers and libraries. Nothing of C++ crosses it, exceptions neither.
 *
 * A plugin is a shared library that exports clary_engine_entry(). Version: both sides are built
 * with this file; a plugin of another CLARY_ENGINE_ABI is not used. Within one version members are
 * only added at the end of structs, and `size` says how many of them the maker of a struct knew;
 * none to clary_tensor, which stands in arrays.
 * Memory belongs to whoever made it and goes back to that side's release function.
 * Functions return 0, or 1 and a text that says why. Texts are UTF-8.
 * Threads: create, describe and run may be called from any thread, run from several at once;
 * set_threads while no run is under way. */
#ifndef CLARY_SERVING_ENGINE_ABI_H
#define CLARY_SERVING_ENGINE_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLARY_ENGINE_ABI 1
#define CLARY_ENGINE_ENTRY "clary_engine_entry"

enum {
  CLARY_BOOL = 1,
  CLARY_UINT8,
  CLARY_INT8,
  CLARY_INT16,
  CLARY_INT32,
  CLARY_INT64,
  CLARY_UINT16,
  CLARY_UINT32,
  CLARY_UINT64,
  CLARY_FLOAT16,
  CLARY_FLOAT32,
  CLARY_FLOAT64,
  CLARY_COMPLEX64,
  CLARY_COMPLEX128
};

/* Elements in C order, in the machine's byte order, in memory of the processor. */
typedef struct clary_tensor {
  uint32_t size;
  uint32_t dtype;
  uint32_t rank;
  uint32_t flags;       /* 0 */
  const int64_t* shape; /* `rank` sizes */
  void* data;           /* may be written to by the model; null where there are no elements */
} clary_tensor;

typedef struct clary_engine clary_engine; /* one loaded model */

typedef struct clary_engine_options {
  uint32_t size;
  uint32_t threads;         /* of one run; 0: as the library chooses */
  uint32_t runs;            /* that may be under way at once */
  uint32_t flags;           /* 0 */
  const char* model_folder; /* of one model file, or several of which the rules choose one */
  const char* device;       /* "cpu", "cuda", "cuda:1"; "": a GPU where there is one */
} clary_engine_options;

enum {
  CLARY_MAY_NOT_END = 1, /* the model has loops: a run may take for ever */
  CLARY_MAY_BE_JOINED =
      2 /* it keeps nothing from run to run, and no number of an input decides what
           is run: whether each row has its own answer can be found by trying */
};

/* The texts live as long as the engine. */
typedef struct clary_engine_view {
  uint32_t size;
  uint32_t flags;
  uint32_t threads;
  int32_t inputs;     /* tensors that a run takes; -1: not known */
  const char* kind;   /* "torchscript", "aotinductor" */
  const char* file;   /* path of the model file */
  const char* device; /* "cpu", "cuda:0" */
} clary_engine_view;

/* What a run gave. layout: a JSON text in which the byte 1 stands for each tensor, in their order;
 * that byte alone for a tensor alone. */
typedef struct clary_engine_result {
  uint32_t size;
  uint32_t count;
  const clary_tensor* tensors;
  const char* layout;
  uint64_t layout_length;
  void* owner; /* the plugin's */
} clary_engine_result;

typedef struct clary_engine_api {
  uint32_t size;
  uint32_t abi;
  const char* name;            /* "torch" */
  const char* library_version; /* "2.13.0" */
  int (*create)(const clary_engine_options* options, clary_engine** engine, char** error);
  void (*destroy)(clary_engine* engine);
  int (*describe)(clary_engine* engine, clary_engine_view* view, char** error);
  int (*set_threads)(clary_engine* engine, uint32_t threads, char** error);
  /* The result may share the inputs' memory: it is released before they are. */
  int (*run)(clary_engine* engine, const clary_tensor* inputs, uint32_t count,
             clary_engine_result* result, char** error);
  void (*release_result)(clary_engine_result* result);
  void (*release_error)(char* error);
} clary_engine_api;

/* Returns the functions, which live as long as the library; null where the plugin does not speak
 * `abi`. */
typedef const clary_engine_api* (*clary_engine_entry_function)(uint32_t abi);

#ifdef __cplusplus
}
#endif

#endif
