/* SPDX-License-Identifier: Apache-2.0 */

/**
 * The treaty between Java and the kernels: everything Java may know of C, and everything C
 * promises.
 *
 * Shapes. Sizes are upper case in comments, lower case in fields: N batch, C channels, H W height
 * and width, O output channels, I input channels of one filter (C / groups), KH KW filter, OH OW
 * output. Weights are OIHW, linear weights OI, row-major. Dilation 1 means none. Padding is
 * symmetric, zero.
 *
 * Activations. A tensor marked "activations" has one of two layouts, the same for all of an op:
 * `block` of its shape says which. Every other tensor is row-major. Block 16, which the CPU gives
 * to large batches, is [N/16][C][H][W][16]: sixteen images are the vector, so a weight is a scalar
 * that a mask can skip. When N is not a multiple of 16 the last block has pad lanes. Pad lanes of a
 * value are finite and no result depends on them; pad lanes of a diff_* tensor are zero, and every
 * op here writes them so. Block 1, which the CPU gives to small batches and CUDA to all, is
 * row-major [N][C][H][W] and has no pad lanes. In either layout flattening [N, C, H, W] to
 * [N, C*H*W] moves no byte. The layout belongs to the memory: a call on fewer images than a tensor
 * holds keeps its block, so what an image becomes depends on the layout, never on n. The layouts
 * round differently.
 *
 * Masks. One bit per weight, in rows: [rows, ceil(cols / 32)] words, bit 0 first, a row starts on a
 * word, pad bits are zero. A row is one filter (cols = I*KH*KW) or one output (cols = I).
 *
 * Pointers in an op are memory of the context's device, borrowed for the call. They must not
 * overlap unless the field says so. NULL is allowed only where the field says so. Java checks
 * shapes, devices and lifetimes before a call; C returns a status for what Java cannot know.
 *
 * Threads. Calls on one context are serialised by a lock inside it. A result never depends on the
 * number of threads.
 */
#ifndef INTARSIA_INTARSIA_H_
#define INTARSIA_INTARSIA_H_

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ITA_API __attribute__((visibility("default")))
#else
#define ITA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Raised by one whenever a struct or prototype changes, here or in what plug-ins see. */
#define ITA_ABI_VERSION 5

/** Images per block of the CPU's blocked activations. */
#define ITA_BLOCK 16

typedef enum ita_status {
  ITA_OK = 0,
  ITA_UNSUPPORTED = 1,   /**< valid, but not by this backend: the caller may pick another     */
  ITA_OUT_OF_MEMORY = 2, /**< nothing was changed                                              */
  ITA_DEVICE_ERROR = 3,  /**< the context is unusable; destroy it                              */
  ITA_INTERNAL = 4,      /**< a bug of ours; please report with ita_last_error                 */
  ITA_INVALID_VALUE = 5  /**< a NaN, label or rank is not acceptable; nothing was changed      */
} ita_status;

typedef enum ita_device { ITA_DEVICE_CPU = 0, ITA_DEVICE_CUDA = 1 } ita_device;

typedef enum ita_isa {
  ITA_ISA_AUTO = 0, /**< INTARSIA_ISA if set, else the best the machine has */
  ITA_ISA_SCALAR = 1,
  ITA_ISA_AVX2 = 2,  /**< AVX2 and FMA                    */
  ITA_ISA_AVX512 = 3 /**< AVX-512 F, BW, DQ and VL        */
} ita_isa;

typedef enum ita_layout {
  ITA_LAYOUT_NCHW = 0,  /**< row-major, block 1; CUDA                               */
  ITA_LAYOUT_NCHW16 = 1 /**< [N/16][C][H][W][16], block 16; the CPU, and block 1 too */
} ita_layout;

/** Device, threads, scratch arena and last error. Opaque; owned by whoever created it. */
typedef struct ita_context ita_context;

/* ---- context ------------------------------------------------------------------------------- */

typedef struct ita_context_options {
  ita_device device;
  int32_t device_index; /**< CUDA device; ignored on the CPU                                 */
  ita_isa isa;          /**< CPU only                                                        */
  int32_t threads;      /**< CPU only; 0 = the cores this process may use (affinity, cgroup) */
} ita_context_options;

typedef struct ita_context_info {
  ita_device device;
  ita_isa isa;       /**< the instruction set in use, never AUTO */
  ita_layout layout; /**< of large batches */
  int32_t threads;
  int64_t used_bytes;    /**< allocated by ita_memory_allocate and not yet freed           */
  int64_t peak_bytes;    /**< highest used_bytes so far                                    */
  int64_t scratch_bytes; /**< size of the scratch arena                                    */
  int64_t allocations;   /**< requests to the system so far, arena growth included         */
} ita_context_info;

/** ITA_ABI_VERSION this library was built with. */
ITA_API int32_t ita_abi_version(void);

/** Hash of the sources this library was built from. Static storage. */
ITA_API const char* ita_build_id(void);

/** Whether this machine can run an instruction set: 1 or 0. */
ITA_API int32_t ita_isa_available(ita_isa isa);

/**
 * Opens the CUDA plug-in at a path, once per process. On failure `message` (of `message_size`
 * bytes, owned by the caller) tells why in one sentence and later CUDA contexts are refused with
 * it.
 */
ITA_API ita_status ita_cuda_open(const char* path, char* message, size_t message_size);

/** On failure `context` is set to NULL and `message` tells why in one sentence. */
ITA_API ita_status ita_context_create(const ita_context_options* options, ita_context** context,
                                      char* message, size_t message_size);

/** Frees the context and all memory allocated from it. NULL is allowed. */
ITA_API void ita_context_destroy(ita_context* context);

ITA_API ita_status ita_context_get_info(ita_context* context, ita_context_info* info);

/** Waits until every op issued so far is done. */
ITA_API ita_status ita_context_synchronize(ita_context* context);

/** Last failure of this context as one sentence. Owned by the context, valid until its next call.
 */
ITA_API const char* ita_last_error(const ita_context* context);

/* ---- memory -------------------------------------------------------------------------------- */

/** Zeroed memory of the context's device, aligned to 64 bytes. Owned by the context. */
ITA_API ita_status ita_memory_allocate(ita_context* context, int64_t bytes, void** memory);
ITA_API ita_status ita_memory_free(ita_context* context, void* memory);
ITA_API ita_status ita_memory_zero(ita_context* context, void* memory, int64_t bytes);

/** Copies host to device, device to host, device to device; done when the call returns. */
ITA_API ita_status ita_memory_upload(ita_context* context, void* dst, const void* host,
                                     int64_t bytes);
ITA_API ita_status ita_memory_download(ita_context* context, void* host, const void* src,
                                       int64_t bytes);
ITA_API ita_status ita_memory_copy(ita_context* context, void* dst, const void* src, int64_t bytes);

/* ---- geometry ------------------------------------------------------------------------------ */

/** Geometry of a convolution. OH and OW are computed by the caller, in one place. */
typedef struct ita_conv2d_shape {
  int32_t n, c, h, w;
  int32_t o, kh, kw;
  int32_t oh, ow;
  int32_t stride_h, stride_w;
  int32_t pad_h, pad_w;
  int32_t dilation_h, dilation_w;
  int32_t groups;
  int32_t block; /**< images per block of the activations: 16, or 1 for row-major NCHW */
} ita_conv2d_shape;

/** Geometry of a linear layer: N rows, I inputs, O outputs. */
typedef struct ita_linear_shape {
  int32_t n, i, o;
  int32_t block; /**< images per block of the activations: 16, or 1 for row-major NCHW */
} ita_linear_shape;

/** Geometry of a pooling window. */
typedef struct ita_pool2d_shape {
  int32_t n, c, h, w;
  int32_t kh, kw;
  int32_t oh, ow;
  int32_t stride_h, stride_w;
  int32_t pad_h, pad_w;
  int32_t block; /**< images per block of the activations: 16, or 1 for row-major NCHW */
} ita_pool2d_shape;

/** Geometry of an upsampling by whole factors: OH = H * scale_h, OW = W * scale_w. */
typedef struct ita_upsample2d_shape {
  int32_t n, c, h, w;
  int32_t scale_h, scale_w; /**< 1 or more */
  int32_t block; /**< images per block of the activations: 16, or 1 for row-major NCHW */
} ita_upsample2d_shape;

/** Geometry of one activation tensor. */
typedef struct ita_activation_shape {
  int32_t n, c, h, w;
  int32_t block; /**< images per block of the activations: 16, or 1 for row-major NCHW */
} ita_activation_shape;

/** Geometry of a parameter and its masks: rows of cols elements. */
typedef struct ita_plane_shape {
  int32_t rows, cols;
} ita_plane_shape;

/* ---- gradient epilogue ---------------------------------------------------------------------- */

/**
 * What backward_weights makes of g, the dense gradient of (weights . mask), before g leaves the
 * registers. All NULL: nothing, diff_weights is added to inside the mask. Otherwise g is computed
 * for every weight, is never stored, and each output is *written*, not added to (one call is one
 * batch; the caller need not clear):
 *   diff_weights = g . mask . not(frozen)              may be NULL: the weights are not trained
 *   diff_scores  = g . weights . sign(scores)          on the candidates, 0 elsewhere;
 *                                                      without scores the sign is 1
 *   diff_kernels = sum over KH, KW of g . weights      of each (o, i), whatever the mask
 *
 * diff_weights and diff_scores have the bits that clearing, backward_weights with mask NULL and
 * ita_score_epilogue would give. diff_bias is added to as ever. (Scores: Kang et al. 2022, WSN, eq.
 * 5 and algorithm 1. Kernels: the gradient of a factor per kernel on frozen weights, Yang et al.
 * 2021, KSM; of a factor per weight where a kernel is one weight.)
 */
typedef struct ita_gradient_epilogue {
  const float* scores;        /**< as weights or NULL (sign 1); read with diff_scores         */
  const uint32_t* frozen;     /**< as mask or NULL (none); limits diff_weights                */
  const uint32_t* candidates; /**< as mask or NULL (all); limits diff_scores                  */
  float* diff_scores;         /**< as weights or NULL, written                                */
  float* diff_kernels;        /**< [O, I] or NULL, written                                    */
} ita_gradient_epilogue;

/* ---- masked_conv2d ------------------------------------------------------------------------- */

/**
 * How a convolution is computed. AUTO is a pure function of shape, mask, instruction set and
 * `exact`: never of a measured time, so that the same task gives the same bits tomorrow. Backends
 * without a choice (the reference, CUDA) ignore it. Row-major activations have TAPS and KERNELS
 * alone.
 */
typedef enum ita_conv2d_algorithm {
  ITA_CONV2D_AUTO = 0,
  ITA_CONV2D_TAPS = 1,     /**< lists of live weights; any shape                             */
  ITA_CONV2D_KERNELS = 2,  /**< live 3x3 kernels; stride 1 (gradient: any), dilation 1, one group */
  ITA_CONV2D_WINOGRAD = 3, /**< F(4x4, 3x3), all kernels; shapes as KERNELS; not exact       */
  ITA_CONV2D_WINOGRAD_SKIP = 4, /**< F(4x4, 3x3), live kernels only; backward_weights: as above   */
  ITA_CONV2D_POINTWISE = 5,     /**< matrix product; 1x1, stride 1, no padding, one group */
  ITA_CONV2D_DENSE = 6          /**< all weights, dead ones as zeros; any shape */
} ita_conv2d_algorithm;

/** What is computed. */
typedef enum ita_direction {
  ITA_FORWARD = 0,
  ITA_BACKWARD_DATA = 1,
  ITA_BACKWARD_WEIGHTS = 2
} ita_direction;

/**
 * Convolution through a mask:  dst = conv2d(src, weights . mask) + bias
 *
 * One struct serves the three directions; a direction touches only the fields that name it.
 * Weights outside the mask are never read for their value. backward_weights adds to the gradient of
 * weights inside the mask only; with mask NULL it adds to all. With an epilogue it reads weights
 * too, the mask limits diff_weights alone, and what the epilogue names is written.
 */
typedef struct ita_masked_conv2d {
  ita_conv2d_shape shape;
  const float* weights; /**< [O, I, KH, KW]          read by forward, backward_data */
  const uint32_t* mask; /**< [O, ceil(I*KH*KW / 32)] or NULL (all), read by all */
  const float* bias; /**< [O] or NULL             read by forward                               */
  const float* src;  /**< [N, C, H, W]   activations, read by forward, backward_weights         */
  float* dst;        /**< [N, O, OH, OW] activations, written by forward                        */
  const float* diff_dst; /**< [N, O, OH, OW] activations, read by backward_data, backward_weights */
  float* diff_src;     /**< [N, C, H, W]   activations, written by backward_data                  */
  float* diff_weights; /**< [O, I, KH, KW]          added to by backward_weights                  */
  float* diff_bias;    /**< [O] or NULL             added to by backward_weights                  */
  int32_t exact;       /**< 1: AUTO takes sums of products only: relative error 2e-6, not 1e-5 */
  ita_conv2d_algorithm algorithm; /**< a forced one that the shape does not fit: ITA_UNSUPPORTED */
  ita_gradient_epilogue epilogue; /**< read by backward_weights                                  */
} ita_masked_conv2d;

ITA_API ita_status ita_masked_conv2d_forward(ita_context* ctx, const ita_masked_conv2d* op);
ITA_API ita_status ita_masked_conv2d_backward_data(ita_context* ctx, const ita_masked_conv2d* op);
ITA_API ita_status ita_masked_conv2d_backward_weights(ita_context* ctx,
                                                      const ita_masked_conv2d* op);

/**
 * Writes into `text` (of `text_size` bytes, owned by the caller) what a direction would do and why,
 * in one line. Reads shape, mask, exact and algorithm; computes nothing.
 */
ITA_API ita_status ita_masked_conv2d_explain(ita_context* ctx, const ita_masked_conv2d* op,
                                             ita_direction direction, char* text, size_t text_size);

/* ---- masked_linear ------------------------------------------------------------------------- */

/**
 * Matrix product through a mask:  dst = src (weights . mask)^T + bias
 *
 * The rules of masked_conv2d hold.
 *
 * Packed weights. pack writes the live weights in the order in which forward (packed) or
 * backward_data (packed_transposed) reads them, into memory of the caller; while such a field is
 * bound its direction may read it in place of weights and mask, with the same bits as result.
 * Whoever changes weights or mask packs again. A field that was not packed, or for another shape,
 * is ITA_INVALID_VALUE. Backends that read weights where they are (the reference, CUDA) leave both
 * alone.
 */
typedef struct ita_masked_linear {
  ita_linear_shape shape;
  const float* weights;  /**< [O, I]            read by forward, backward_data             */
  const uint32_t* mask;  /**< [O, ceil(I / 32)] or NULL (all), read by all                 */
  const float* bias;     /**< [O] or NULL       read by forward                            */
  const float* src;      /**< [N, I] activations, read by forward, backward_weights        */
  float* dst;            /**< [N, O] activations, written by forward                       */
  const float* diff_dst; /**< [N, O] activations, read by backward_data, backward_weights  */
  float* diff_src;       /**< [N, I] activations, written by backward_data                 */
  float* diff_weights;   /**< [O, I]            added to by backward_weights               */
  float* diff_bias;      /**< [O] or NULL       added to by backward_weights               */
  float* packed; /**< [16 + (I+2) * R], R = O+1 rounded up to 16s, or NULL; read by forward */
  float* packed_transposed; /**< the same with I and O exchanged; read by backward_data       */
  ita_gradient_epilogue epilogue; /**< read by backward_weights; a kernel is one weight    */
} ita_masked_linear;

ITA_API ita_status ita_masked_linear_pack(ita_context* ctx, const ita_masked_linear* op);
ITA_API ita_status ita_masked_linear_forward(ita_context* ctx, const ita_masked_linear* op);
ITA_API ita_status ita_masked_linear_backward_data(ita_context* ctx, const ita_masked_linear* op);
ITA_API ita_status ita_masked_linear_backward_weights(ita_context* ctx,
                                                      const ita_masked_linear* op);

/* ---- score_epilogue ------------------------------------------------------------------------ */

/**
 * Turns the dense gradient g of (weights . mask) into those of weights and scores:
 *   diff_weights = g . mask . not(frozen),   diff_scores = g . weights . sign(scores)
 *
 * sign(0) = 0. The score gradient is dense: it does not vanish where the mask is 0, nor where a
 * weight is frozen; it is zero outside the candidates. (Kang et al. 2022, WSN, eq. 5 and
 * algorithm 1.)
 */
typedef struct ita_score_epilogue {
  ita_plane_shape shape;
  const float* weights;       /**< [rows, cols]                                               */
  const float* scores;        /**< [rows, cols]                                               */
  const uint32_t* mask;       /**< [rows, ceil(cols / 32)]                                    */
  const uint32_t* frozen;     /**< [rows, ceil(cols / 32)] or NULL (none)                     */
  const uint32_t* candidates; /**< [rows, ceil(cols / 32)] or NULL (all)                      */
  float* diff_weights;        /**< [rows, cols] read as g, written                            */
  float* diff_scores;         /**< [rows, cols] written                                       */
} ita_score_epilogue;

ITA_API ita_status ita_score_epilogue_apply(ita_context* ctx, const ita_score_epilogue* op);

/* ---- magnitude_threshold ------------------------------------------------------------------- */

/**
 * The rank-th smallest of |values| over the candidates, exactly (an order statistic, not an
 * estimate).
 *
 * Rank counts from 1. A NaN among the candidates is ITA_INVALID_VALUE. Independent of element
 * order.
 */
typedef struct ita_magnitude_threshold {
  ita_plane_shape shape;
  const float* values;        /**< [rows, cols]                                               */
  const uint32_t* candidates; /**< [rows, ceil(cols / 32)] or NULL (all)                      */
  int64_t rank;               /**< 1 .. number of candidates                                  */
  float* threshold;           /**< [1] written                                                */
  int64_t* counts;            /**< [2] written: candidates below, candidates equal            */
} ita_magnitude_threshold;

ITA_API ita_status ita_magnitude_threshold_select(ita_context* ctx,
                                                  const ita_magnitude_threshold* op);

/* ---- mask_cut ------------------------------------------------------------------------------ */

typedef enum ita_ties {
  ITA_TIES_KEPT = 0,    /**< keep |v| >= threshold (WSN, TSN)                                     */
  ITA_TIES_DROPPED = 1, /**< keep |v| >  threshold (PackNet, CPG)                                 */
  ITA_TIES_EXACT = 2    /**< keep |v| > threshold, then ties by lowest index until `keep` is met  */
} ita_ties;

/** Cuts a mask from magnitudes: one bit per candidate at or above a threshold; zero elsewhere. */
typedef struct ita_mask_cut {
  ita_plane_shape shape;
  const float* values;        /**< [rows, cols]                                               */
  const uint32_t* candidates; /**< [rows, ceil(cols / 32)] or NULL (all)                      */
  const float* threshold;     /**< [1] as magnitude_threshold writes it                       */
  ita_ties ties;
  int64_t keep;   /**< EXACT only: bits to set in all                                         */
  uint32_t* mask; /**< [rows, ceil(cols / 32)] written                                        */
  int64_t* kept;  /**< [1] written: bits set                                                  */
} ita_mask_cut;

ITA_API ita_status ita_mask_cut_apply(ita_context* ctx, const ita_mask_cut* op);

/* ---- masked_sgd ---------------------------------------------------------------------------- */

/**
 * One step of SGD on the trainable elements:
 *   g = gradient + weight_decay * weights;   velocity = momentum * velocity + g
 *   weights -= learning_rate * (nesterov ? g + momentum * velocity : velocity)
 *
 * Elements outside `trainable` keep their bits, as does their velocity, whatever the
 * hyper-parameters. With `mask` the step also cuts it from the new weights, trainable or not, as
 * mask_cut would: for scores whose threshold is known before the step (Mallya et al. 2018,
 * Piggyback).
 */
typedef struct ita_masked_sgd {
  ita_plane_shape shape;
  const float* gradient;     /**< [rows, cols]                                                */
  const uint32_t* trainable; /**< [rows, ceil(cols / 32)] or NULL (all)                       */
  float* weights;            /**< [rows, cols] added to                                       */
  float* velocity;           /**< [rows, cols] read and written; NULL when momentum is 0      */
  float learning_rate;
  float momentum;
  float weight_decay;
  int32_t nesterov;           /**< 0 or 1                                                      */
  const float* threshold;     /**< [1] as magnitude_threshold writes it; read with mask        */
  const uint32_t* candidates; /**< [rows, ceil(cols / 32)] or NULL (all), read with mask       */
  uint32_t* mask;             /**< [rows, ceil(cols / 32)] written from the new weights, or NULL */
  ita_ties ties;              /**< KEPT or DROPPED, read with mask                             */
} ita_masked_sgd;

ITA_API ita_status ita_masked_sgd_step(ita_context* ctx, const ita_masked_sgd* op);

/* ---- masked_adam --------------------------------------------------------------------------- */

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1) on the trainable elements; with `decoupled` 1
 * the weight decay is AdamW's (Loshchilov and Hutter 2019), else it is added to the gradient.
 *
 * Elements outside `trainable` keep their bits, as do their moments. `mask` is cut from the new
 * weights as masked_sgd does.
 */
typedef struct ita_masked_adam {
  ita_plane_shape shape;
  const float* gradient;     /**< [rows, cols]                          */
  const uint32_t* trainable; /**< [rows, ceil(cols / 32)] or NULL (all) */
  float* weights;            /**< [rows, cols] added to                 */
  float* first_moment;       /**< [rows, cols] read and written         */
  float* second_moment;      /**< [rows, cols] read and written         */
  float learning_rate;
  float beta1;
  float beta2;
  float epsilon;
  float weight_decay;
  int32_t decoupled;          /**< 0 or 1                                        */
  int64_t step;               /**< counts from 1, for the bias correction        */
  const float* threshold;     /**< [1] as magnitude_threshold writes it; read with mask        */
  const uint32_t* candidates; /**< [rows, ceil(cols / 32)] or NULL (all), read with mask       */
  uint32_t* mask;             /**< [rows, ceil(cols / 32)] written from the new weights, or NULL */
  ita_ties ties;              /**< KEPT or DROPPED, read with mask                             */
} ita_masked_adam;

ITA_API ita_status ita_masked_adam_step(ita_context* ctx, const ita_masked_adam* op);

/* ---- relu ---------------------------------------------------------------------------------- */

/** dst = max(src, 0);  diff_src = diff_dst where dst > 0, else 0. dst may be src. */
typedef struct ita_relu {
  ita_activation_shape shape;
  const float* src;      /**< [N, C, H, W] activations, read by forward                      */
  float* dst;            /**< [N, C, H, W] activations, written by forward, read by backward */
  const float* diff_dst; /**< [N, C, H, W] activations, read by backward_data                */
  float* diff_src;       /**< [N, C, H, W] activations, written; may be diff_dst             */
} ita_relu;

ITA_API ita_status ita_relu_forward(ita_context* ctx, const ita_relu* op);
ITA_API ita_status ita_relu_backward_data(ita_context* ctx, const ita_relu* op);

/* ---- max_pool2d ---------------------------------------------------------------------------- */

/**
 * Largest value of each window. Padding never wins. The gradient goes to the first largest value of
 * a window in row-major order.
 */
typedef struct ita_max_pool2d {
  ita_pool2d_shape shape;
  const float* src;      /**< [N, C, H, W]   activations, read by forward, backward_data */
  float* dst;            /**< [N, C, OH, OW] activations, written by forward             */
  const float* diff_dst; /**< [N, C, OH, OW] activations, read by backward_data          */
  float* diff_src;       /**< [N, C, H, W]   activations, written by backward_data       */
} ita_max_pool2d;

ITA_API ita_status ita_max_pool2d_forward(ita_context* ctx, const ita_max_pool2d* op);
ITA_API ita_status ita_max_pool2d_backward_data(ita_context* ctx, const ita_max_pool2d* op);

/* ---- avg_pool2d ---------------------------------------------------------------------------- */

/** Mean of each window over the values inside the image; padding is not counted. */
typedef struct ita_avg_pool2d {
  ita_pool2d_shape shape;
  const float* src;      /**< [N, C, H, W]   activations, read by forward          */
  float* dst;            /**< [N, C, OH, OW] activations, written by forward       */
  const float* diff_dst; /**< [N, C, OH, OW] activations, read by backward_data    */
  float* diff_src;       /**< [N, C, H, W]   activations, written by backward_data */
} ita_avg_pool2d;

ITA_API ita_status ita_avg_pool2d_forward(ita_context* ctx, const ita_avg_pool2d* op);
ITA_API ita_status ita_avg_pool2d_backward_data(ita_context* ctx, const ita_avg_pool2d* op);

/* ---- upsample2d ---------------------------------------------------------------------------- */

typedef enum ita_upsample_mode {
  ITA_UPSAMPLE_NEAREST = 0, /**< each pixel scale_h x scale_w times                           */
  ITA_UPSAMPLE_BILINEAR = 1 /**< half-pixel centres, the border pixel beyond the image        */
} ita_upsample_mode;

/**
 * Larger images. Bilinear: result pixel oh lies at (oh + 0.5) / scale_h - 0.5 among the rows of
 * src, bounded to the first and the last one; columns alike. The gradient is that map transposed.
 */
typedef struct ita_upsample2d {
  ita_upsample2d_shape shape;
  ita_upsample_mode mode;
  const float* src;      /**< [N, C, H, W]   activations, read by forward          */
  float* dst;            /**< [N, C, OH, OW] activations, written by forward       */
  const float* diff_dst; /**< [N, C, OH, OW] activations, read by backward_data    */
  float* diff_src;       /**< [N, C, H, W]   activations, written by backward_data */
} ita_upsample2d;

ITA_API ita_status ita_upsample2d_forward(ita_context* ctx, const ita_upsample2d* op);
ITA_API ita_status ita_upsample2d_backward_data(ita_context* ctx, const ita_upsample2d* op);

/* ---- batch_norm ---------------------------------------------------------------------------- */

/**
 * dst = (src - mean) * rstd * scale + shift, per channel, rstd = 1 / sqrt(variance + epsilon).
 *
 * With batch_statistics 1, mean and (biased) variance are those of the batch, forward writes
 * saved_mean and saved_rstd, and moves the running statistics:
 *   running = (1 - momentum) * running + momentum * batch,   the variance unbiased (N*H*W - 1).
 * With batch_statistics 0 the running statistics are used and left alone. backward follows the same
 * choice: batch statistics are differentiated through, running ones are constants.
 *
 * With `addend` and `relu` (a residual block's end, He et al. 2016) dst = max(norm + addend, 0),
 * and what backward calls the gradient of the norm is diff_dst where dst > 0; it is diff_addend
 * too.
 */
typedef struct ita_batch_norm {
  ita_activation_shape shape;
  int32_t batch_statistics; /**< 0 or 1 */
  float momentum;
  float epsilon;
  const float* scale;    /**< [C] or NULL (ones)                                              */
  const float* shift;    /**< [C] or NULL (zeros)                                             */
  float* running_mean;   /**< [C] or NULL with batch_statistics 1 (not kept)                  */
  float* running_var;    /**< [C] or NULL with batch_statistics 1 (not kept)                  */
  float* saved_mean;     /**< [C] written by forward with batch_statistics 1, read by backward */
  float* saved_rstd;     /**< [C] written by forward with batch_statistics 1, read by backward */
  const float* src;      /**< [N, C, H, W] activations, read by both                          */
  float* dst;            /**< [N, C, H, W] activations, written by forward                    */
  const float* diff_dst; /**< [N, C, H, W] activations, read by backward                      */
  float* diff_src;       /**< [N, C, H, W] activations, written by backward                   */
  float* diff_scale;     /**< [C] or NULL, added to by backward                               */
  float* diff_shift;     /**< [C] or NULL, added to by backward                               */
  int32_t relu;          /**< 0 or 1: dst = max(norm + addend, 0), and backward reads dst       */
  const float* addend;   /**< [N, C, H, W] activations or NULL, read by forward; may be dst     */
  float* diff_addend; /**< [N, C, H, W] activations or NULL, written by backward; may be diff_dst */
} ita_batch_norm;

ITA_API ita_status ita_batch_norm_forward(ita_context* ctx, const ita_batch_norm* op);
ITA_API ita_status ita_batch_norm_backward(ita_context* ctx, const ita_batch_norm* op);

/* ---- group_norm ---------------------------------------------------------------------------- */

/**
 * dst = (src - mean) * rstd * scale + shift with mean and (biased) variance over the C/groups * H *
 * W values of each image and group (Wu and He 2018). groups divides C. `addend` and `relu` as in
 * batch_norm.
 */
typedef struct ita_group_norm {
  ita_activation_shape shape;
  int32_t groups;
  float epsilon;
  const float* scale;    /**< [C] or NULL (ones)                                           */
  const float* shift;    /**< [C] or NULL (zeros)                                          */
  float* saved_mean;     /**< [N, groups] activations, written by forward, read by backward */
  float* saved_rstd;     /**< [N, groups] activations, written by forward, read by backward */
  const float* src;      /**< [N, C, H, W] activations, read by both                       */
  float* dst;            /**< [N, C, H, W] activations, written by forward                 */
  const float* diff_dst; /**< [N, C, H, W] activations, read by backward                   */
  float* diff_src;       /**< [N, C, H, W] activations, written by backward                */
  float* diff_scale;     /**< [C] or NULL, added to by backward                            */
  float* diff_shift;     /**< [C] or NULL, added to by backward                            */
  int32_t relu;          /**< 0 or 1: dst = max(norm + addend, 0), and backward reads dst       */
  const float* addend;   /**< [N, C, H, W] activations or NULL, read by forward; may be dst     */
  float* diff_addend; /**< [N, C, H, W] activations or NULL, written by backward; may be diff_dst */
} ita_group_norm;

ITA_API ita_status ita_group_norm_forward(ita_context* ctx, const ita_group_norm* op);
ITA_API ita_status ita_group_norm_backward(ita_context* ctx, const ita_group_norm* op);

/* ---- dropout ------------------------------------------------------------------------------- */

/**
 * Inverted dropout: an element is kept and scaled by 1 / (1 - rate), or zero.
 *
 * Which ones is a function of (seed, draw, image, element) alone: Philox4x32-10 (Salmon et al.
 * 2011) with key (seed low, seed high) and counter (e / 4, n, draw low, draw high), e = (c*H + h)*W
 * + w; word e % 4 gives u = (word >> 8) / 2^24, kept when u >= rate. The same in every layout and
 * backend.
 */
typedef struct ita_dropout {
  ita_activation_shape shape;
  float rate;       /**< 0 <= rate < 1 */
  uint64_t seed;    /**< one per net   */
  uint64_t draw;    /**< one per layer and step; forward and backward_data of a step share it */
  const float* src; /**< [N, C, H, W] activations, read by forward                          */
  float* dst;       /**< [N, C, H, W] activations, written by forward; may be src           */
  const float* diff_dst; /**< [N, C, H, W] activations, read by backward_data                    */
  float* diff_src;       /**< [N, C, H, W] activations, written by backward_data; may be diff_dst */
} ita_dropout;

ITA_API ita_status ita_dropout_forward(ita_context* ctx, const ita_dropout* op);
ITA_API ita_status ita_dropout_backward_data(ita_context* ctx, const ita_dropout* op);

/* ---- add ----------------------------------------------------------------------------------- */

/** dst = src + addend: the residual connection, and the sum of two gradients. dst may be either. */
typedef struct ita_add {
  ita_activation_shape shape;
  const float* src;    /**< [N, C, H, W] activations          */
  const float* addend; /**< [N, C, H, W] activations          */
  float* dst;          /**< [N, C, H, W] activations, written */
} ita_add;

ITA_API ita_status ita_add_forward(ita_context* ctx, const ita_add* op);

/* ---- softmax_cross_entropy ----------------------------------------------------------------- */

/**
 * loss = mean over N of (logsumexp of src over the class range - src[label]);
 * diff_src = (softmax - one_hot) / N inside the range, 0 outside it and in pad lanes.
 */
typedef struct ita_softmax_cross_entropy {
  ita_linear_shape shape; /**< n rows, i = o = classes of src                               */
  int32_t first_class;    /**< the range is [first_class, first_class + classes)            */
  int32_t classes;
  const float* src;      /**< [N, i] activations, logits                                    */
  const int32_t* labels; /**< [N], each inside the range                                    */
  float* loss;           /**< [1] written by forward                                        */
  float* diff_src;       /**< [N, i] activations, written by backward_data                  */
} ita_softmax_cross_entropy;

ITA_API ita_status ita_softmax_cross_entropy_forward(ita_context* ctx,
                                                     const ita_softmax_cross_entropy* op);
ITA_API ita_status ita_softmax_cross_entropy_backward_data(ita_context* ctx,
                                                           const ita_softmax_cross_entropy* op);

/* ---- distillation -------------------------------------------------------------------------- */

/**
 * Cross entropy with the labels beside the divergence from a teacher's softmax, and their gradient,
 * in one pass over the same logits. With softmaxes p of teacher / temperature and q of src /
 * temperature, r = 1 in known rows and K = max(1, sum of r):
 *
 * loss[0] = mean over N of (logsumexp of src - src[label]), 0 without labels
 * loss[1] = temperature^2 / K * sum over known rows of sum over c of p (ln p - ln q)
 * diff_src = (softmax - one_hot) / N + lambda * temperature / K * r (q - p), 0 in pad lanes
 *
 * Without a known row loss[1] and its part of diff_src are 0 whatever the teacher says.
 */
typedef struct ita_distillation {
  ita_linear_shape shape; /**< n rows, i = o = classes of src                     */
  float temperature;      /**< above 0                                            */
  float lambda;           /**< factor of the divergence in diff_src, at least 0   */
  const float* src;       /**< [N, i] activations, logits of the student          */
  const float* teacher;   /**< [N, i] activations, logits of the teacher          */
  const int32_t* labels;  /**< [N], each below i, or NULL (no cross entropy)      */
  const int32_t* known;   /**< [N], 0 for rows without a teacher, or NULL (all do) */
  float* loss;            /**< [2] written                                        */
  float* diff_src;        /**< [N, i] activations, written                        */
} ita_distillation;

ITA_API ita_status ita_distillation_apply(ita_context* ctx, const ita_distillation* op);

/* ---- accuracy ------------------------------------------------------------------------------ */

/**
 * Counts rows whose largest logit inside the class range (the first of equals) is the label's, and
 * says which.
 */
typedef struct ita_accuracy {
  ita_linear_shape shape; /**< n rows, i = o = classes of src                     */
  int32_t first_class;    /**< the range is [first_class, first_class + classes)  */
  int32_t classes;
  const float* src;      /**< [N, i] activations, logits                          */
  const int32_t* labels; /**< [N], each inside the range                          */
  int64_t* correct;      /**< [1] added to                                        */
  int32_t* hit;          /**< [N] written, 1 where a row is right, or NULL        */
} ita_accuracy;

ITA_API ita_status ita_accuracy_forward(ita_context* ctx, const ita_accuracy* op);

/* ---- pixel_cross_entropy ------------------------------------------------------------------- */

/**
 * Softmax cross entropy of every pixel: C are the classes. With M the pixels whose label is not
 * `ignore`,
 *   loss     = mean over the M of (logsumexp over c of src - src at the label), 0 where M = 0;
 *   diff_src = (softmax - one_hot) / M at those pixels, 0 at the others and in pad lanes.
 * Logits of pixels that do not count are not looked at, whatever they are.
 *
 * A label that is neither a class nor `ignore` is ITA_INVALID_VALUE.
 */
typedef struct ita_pixel_cross_entropy {
  ita_activation_shape shape;
  int32_t ignore;        /**< the label of pixels that do not count                              */
  const float* src;      /**< [N, C, H, W] activations, logits                                   */
  const int32_t* labels; /**< [N, H*W], each 0 .. C - 1 or `ignore`                              */
  float* loss;           /**< [1] written by forward                                             */
  float* diff_src;       /**< [N, C, H, W] activations, written by backward_data                 */
} ita_pixel_cross_entropy;

ITA_API ita_status ita_pixel_cross_entropy_forward(ita_context* ctx,
                                                   const ita_pixel_cross_entropy* op);
ITA_API ita_status ita_pixel_cross_entropy_backward_data(ita_context* ctx,
                                                         const ita_pixel_cross_entropy* op);

/* ---- pixel_confusion ----------------------------------------------------------------------- */

/**
 * Counts pixels by their label (row) and by the class of their largest logit (column; of equals the
 * first). Those whose label is `ignore` are not counted. Labels are checked as in
 * pixel_cross_entropy.
 */
typedef struct ita_pixel_confusion {
  ita_activation_shape shape;
  int32_t ignore;        /**< the label of pixels that do not count                              */
  const float* src;      /**< [N, C, H, W] activations, logits                                   */
  const int32_t* labels; /**< [N, H*W], each 0 .. C - 1 or `ignore`                              */
  int64_t* confusion;    /**< [C, C] added to                                                    */
} ita_pixel_confusion;

ITA_API ita_status ita_pixel_confusion_forward(ita_context* ctx, const ita_pixel_confusion* op);

/* ---- reorder ------------------------------------------------------------------------------- */

/** The border of a net: row-major NCHW to activations (pad lanes zero) and back; of block 1 a copy.
 */
typedef struct ita_reorder {
  ita_activation_shape shape;
  const float* src; /**< pack: [N, C, H, W] row-major;   unpack: [N, C, H, W] activations        */
  float* dst;       /**< pack: [N, C, H, W] activations; unpack: [N, C, H, W] row-major; written */
} ita_reorder;

ITA_API ita_status ita_reorder_pack(ita_context* ctx, const ita_reorder* op);
ITA_API ita_status ita_reorder_unpack(ita_context* ctx, const ita_reorder* op);

/* ---- codebook_fit -------------------------------------------------------------------------- */

/**
 * The centres that stand for the selected values with the least sum of squared distances: 1-D
 * k-means on sorted values.
 *
 * Exact (the global optimum) while the values, or the 4096 intervals that a larger set is cut into
 * at first, are few; from there Lloyd's rule on the values themselves until no interval moves. See
 * docs/ops/codebook_fit.md for the bounds. Of equal distances a value goes to the lower centre.
 * Independent of element order and of the number of threads. -0 counts as 0.
 *
 * No selected value, or one that is not finite, is ITA_INVALID_VALUE.
 */
typedef struct ita_codebook_fit {
  ita_plane_shape shape;
  const float* values;      /**< [rows, cols]                                                  */
  const uint32_t* selected; /**< [rows, ceil(cols / 32)] or NULL (all)                         */
  int32_t size;             /**< centres wanted, 2 .. 256                                      */
  float* centres;           /**< [size] written, rising; past `used` they repeat the last      */
  int64_t* used;            /**< [1] written: min(size, different values)                      */
} ita_codebook_fit;

ITA_API ita_status ita_codebook_fit_apply(ita_context* ctx, const ita_codebook_fit* op);

/* ---- codes --------------------------------------------------------------------------------- */

/**
 * Weights as codes: `bits` (1 .. 8) a weight, 32 / bits of them in a word, the first in its lowest
 * bits; bits left over are zero. Sixteen rows are a panel, and a panel's words stand side by side:
 *   codes[ceil(rows / 16), ceil(cols / (32 / bits)), 16]
 * so that one vector of words holds the same columns of sixteen rows. Rows and columns that do not
 * exist have code 0. docs/formats/codes.md.
 */

/* ---- codebook_assign ----------------------------------------------------------------------- */

/**
 * Rounds the selected values to their nearest centres: code and value are written, others kept.
 * Midway, in single precision, a value goes to the lower centre.
 */
typedef struct ita_codebook_assign {
  ita_plane_shape shape;
  float* values;            /**< [rows, cols] selected ones replaced by their centres          */
  const uint32_t* selected; /**< [rows, ceil(cols / 32)] or NULL (all)                         */
  const float* centres;     /**< [size] not falling                                            */
  int32_t size;             /**< 1 .. 2^bits                                                   */
  int32_t bits;             /**< of a code, 1 .. 8                                             */
  uint32_t* codes;          /**< codes of `bits` bits; those of selected weights written       */
} ita_codebook_assign;

ITA_API ita_status ita_codebook_assign_apply(ita_context* ctx, const ita_codebook_assign* op);

/* ---- codebook_gradient --------------------------------------------------------------------- */

/**
 * The gradient of centres, for fine-tuning a codebook: the sum of the gradients of the weights that
 * a centre stands for. (Han, Mao and Dally 2016, Deep Compression, section 3.)
 */
typedef struct ita_codebook_gradient {
  ita_plane_shape shape;
  const float* gradient;    /**< [rows, cols]                                                  */
  const uint32_t* selected; /**< [rows, ceil(cols / 32)] or NULL (all)                         */
  const uint32_t* codes;    /**< codes of `bits` bits                                          */
  int32_t bits;             /**< of a code, 1 .. 8                                             */
  float* diff_centres;      /**< [2^bits] written                                              */
} ita_codebook_gradient;

ITA_API ita_status ita_codebook_gradient_apply(ita_context* ctx, const ita_codebook_gradient* op);

/* ---- codebook_linear ----------------------------------------------------------------------- */

/**
 * A layer's weights as codes: what the codebook ops multiply, decoded in registers and never
 * stored as floats.
 *   weight[r, c] = mask[r, c] ? codebooks[source of (r, c), code of (r, c)] : 0
 *
 * Several tasks own weights of one layer, each with its own codebook: the source of a weight is the
 * last s >= 1 whose plane of `owners` has its bit, else 0.
 *
 * Planes here are in panel order: the bits of sixteen rows at a column stand together, panels[p,
 * 16 c + r] is weight (16 p + r, c). A plane has ceil(rows / 16) rows of ceil(cols / 2) words.
 *
 * Images of several tasks may share a call of codebook_linear_forward or codebook_conv2d_forward:
 * `mask` is then `masks` planes one after the other, and `mask_of` says which one a block of images
 * obeys. The bits are those of a call for each run of blocks that have one plane. Other calls read
 * the first plane alone.
 */
typedef struct ita_codebook_weights {
  const uint32_t* codes;  /**< codes of `bits` bits                                            */
  const float* codebooks; /**< [sources, 2^bits]                                               */
  const uint32_t* owners; /**< [sources - 1, ceil(rows / 16), ceil(cols / 2)]; NULL when 1     */
  const uint32_t* mask;   /**< [ceil(rows / 16), ceil(cols / 2)] or NULL (all)                 */
  int32_t bits;           /**< of a code, 1 .. 8                                               */
  int32_t sources;        /**< 1 .. 255                                                        */
  int32_t masks;          /**< planes of `mask`, not read without mask_of                      */
  const int32_t* mask_of; /**< [ceil(N / block)] plane of each block of images, 0 .. masks - 1, in
                               host memory on every backend; NULL: the first for all images    */
} ita_codebook_weights;

/**
 * Matrix product with weights as codes:  dst = src weights^T + bias;  diff_src = diff_dst weights
 */
typedef struct ita_codebook_linear {
  ita_linear_shape shape;
  ita_codebook_weights weights; /**< [O, I]          read by forward, backward_data            */
  const float* bias;            /**< [O] or NULL     read by forward                           */
  const float* src;             /**< [N, I] activations, read by forward                       */
  float* dst;                   /**< [N, O] activations, written by forward                    */
  const float* diff_dst;        /**< [N, O] activations, read by backward_data                 */
  float* diff_src;              /**< [N, I] activations, written by backward_data              */
} ita_codebook_linear;

ITA_API ita_status ita_codebook_linear_forward(ita_context* ctx, const ita_codebook_linear* op);
ITA_API ita_status ita_codebook_linear_backward_data(ita_context* ctx,
                                                     const ita_codebook_linear* op);

/* ---- codebook_linear_int8 ------------------------------------------------------------------ */

/**
 * codebook_linear with both factors rounded to signed bytes, in return for speed. Sums are exact
 * integers, so that all implementations find the same ones:
 *   qx = round(src * (127 / max))   for each image, max its largest magnitude; image scale max /
 * 127 qw = round(w * (127 / max))     max over all codebooks; weight scale max / 127 dst =
 * float(sum of qw qx) * (image scale * weight scale) + bias Rounding is half to even; a max below
 * 2^-100 counts as zero and gives zeros. Where a value is not finite, its image, or all of dst for
 * a centre, is NaN. I is at most ITA_INT8_MOST_INPUTS.
 */
#define ITA_INT8_MOST_INPUTS 133144 /**< 127^2 of them stay below 2^31                         */

typedef struct ita_codebook_linear_int8 {
  ita_linear_shape shape;
  ita_codebook_weights weights; /**< [O, I]                                                    */
  const float* bias;            /**< [O] or NULL                                               */
  const float* src;             /**< [N, I] activations                                        */
  float* dst;                   /**< [N, O] activations, written                               */
} ita_codebook_linear_int8;

ITA_API ita_status ita_codebook_linear_int8_forward(ita_context* ctx,
                                                    const ita_codebook_linear_int8* op);

/* ---- codebook_conv2d ----------------------------------------------------------------------- */

/**
 * Convolution with weights as codes:  dst = conv2d(src, weights) + bias
 *
 * The weights are the plane [O, I*KH*KW], row-major filters. The algorithm is the one that
 * masked_conv2d would take for the same shape and mask, and on blocks of sixteen images the bits
 * are those of masked_conv2d with the same weights as floats.
 */
typedef struct ita_codebook_conv2d {
  ita_conv2d_shape shape;
  ita_codebook_weights weights; /**< [O, I*KH*KW]    read by forward, backward_data            */
  const float* bias;            /**< [O] or NULL     read by forward                           */
  const float* src;             /**< [N, C, H, W]   activations, read by forward               */
  float* dst;                   /**< [N, O, OH, OW] activations, written by forward            */
  const float* diff_dst;        /**< [N, O, OH, OW] activations, read by backward_data         */
  float* diff_src;              /**< [N, C, H, W]   activations, written by backward_data      */
  int32_t exact;                /**< 1: sums of products only, as in masked_conv2d             */
} ita_codebook_conv2d;

ITA_API ita_status ita_codebook_conv2d_forward(ita_context* ctx, const ita_codebook_conv2d* op);
ITA_API ita_status ita_codebook_conv2d_backward_data(ita_context* ctx,
                                                     const ita_codebook_conv2d* op);

/* ---- codebook_decode ----------------------------------------------------------------------- */

/**
 * Weights as floats again, of a layer whose frozen part is codes and whose free part is a compact
 * array: what mixed training expands before a layer's call.
 *   weights[r, c] = free_mask[r, c] ? its value : the weight of `coded` at (r, c)
 *
 * Values stand in the order of the set bits of `free_mask`, row by row. A count that is not that of
 * the bits is ITA_INVALID_VALUE; nothing is written then.
 */
typedef struct ita_codebook_decode {
  ita_plane_shape shape;
  ita_codebook_weights coded; /**< [rows, cols], read; its code at a free weight means nothing   */
  const uint32_t* free_mask;  /**< [rows, ceil(cols / 32)] or NULL (none)                        */
  const float* values; /**< [count] free weights; NULL with `free_mask`                        */
  int64_t count;       /**< bits of `free_mask`; not read without it                           */
  float* weights;      /**< [rows, cols] written                                          */
} ita_codebook_decode;

ITA_API ita_status ita_codebook_decode_forward(ita_context* ctx, const ita_codebook_decode* op);

/* ---- mask_compress ------------------------------------------------------------------------- */

/**
 * The selected elements of a plane as a compact array, in the order of the set bits row by row, and
 * back. A count that is not that of the bits is ITA_INVALID_VALUE; nothing is written then.
 */
typedef struct ita_mask_compress {
  ita_plane_shape shape;
  const uint32_t* selected; /**< [rows, ceil(cols / 32)]                                       */
  float* dense;             /**< [rows, cols] read by pack; by unpack selected ones written    */
  float* compact;           /**< [count]      written by pack, read by unpack                  */
  int64_t count;            /**< bits of `selected`                                            */
} ita_mask_compress;

ITA_API ita_status ita_mask_compress_pack(ita_context* ctx, const ita_mask_compress* op);
ITA_API ita_status ita_mask_compress_unpack(ita_context* ctx, const ita_mask_compress* op);

/* ---- soft_mask ----------------------------------------------------------------------------- */

typedef enum ita_soft_mask_mode {
  ITA_SOFT_MASK_SOFT = 0,    /**< 1 where kept, scale * position in the layer's range elsewhere    */
  ITA_SOFT_MASK_BINARY = 1,  /**< 1 where kept, 0 elsewhere                                        */
  ITA_SOFT_MASK_TERNARY = 2, /**< 1 where kept, else -1 where the score is below 0, else 0         */
  ITA_SOFT_MASK_GIVEN = 3    /**< the score itself                                                 */
} ita_soft_mask_mode;

typedef enum ita_surrogate {
  ITA_SURROGATE_SIGMOID = 0, /**< slope * s * (1 - s), s = sigmoid(slope * (score - threshold))    */
  ITA_SURROGATE_IDENTITY = 1 /**< 1                                                                */
} ita_surrogate;

/**
 * A factor for every unit of frozen weights, a function of one real score. A unit is `span`
 * consecutive weights of a row, the last of a row what is left; a row has ceil(cols / span) units.
 *
 * forward: a unit is kept where score >= threshold, or > with `strict`. SOFT: among the others,
 * with a = score where dropped and 0 where kept, over the whole layer,
 *   factor = scale * ((a - min a) * (1 / (max a - min a)))    where a != 0, else 0
 * and 0 for all of them where max a - min a < 1e-12. Denormal scores count as 0. Identical bits on
 * every backend. A NaN score is ITA_INVALID_VALUE; nothing is written then.
 *
 * backward: diff_scores = (sum over the unit's parts of diff_factors) * surrogate. `part` weights
 * are one element of diff_factors, part divides span and cols: 1, or KH*KW for what diff_kernels
 * of the gradient epilogue is. Dropped units get a gradient like others. (Yang et al. 2021, KSM;
 * Mallya et al. 2018, Piggyback.)
 */
typedef struct ita_soft_mask {
  ita_plane_shape shape; /**< of the weights                                                   */
  int32_t span;          /**< weights of a unit, 1 .. cols                                     */
  int32_t part;          /**< weights of an element of diff_factors                            */
  ita_soft_mask_mode mode;
  ita_surrogate surrogate;
  int32_t strict;      /**< 0: kept where score >= threshold; 1: where score > threshold     */
  float threshold;     /**< not read by GIVEN                                                */
  float scale;         /**< of factors in SOFT                                               */
  float slope;         /**< of the SIGMOID surrogate                                         */
  const float* scores; /**< [rows, units]            read by both                            */
  const float* weights;      /**< [rows, cols]             read with effective                     */
  float* factors;            /**< [rows, units] or NULL    written by forward                      */
  float* effective;          /**< [rows, cols] or NULL     written by forward: factor . weights    */
  uint32_t* mask;            /**< [rows, ceil(cols / 32)]  written by forward: factor != 0         */
  const float* diff_factors; /**< [rows, cols / part]      read by backward                        */
  float* diff_scores;        /**< [rows, units]            written by backward                     */
} ita_soft_mask;

ITA_API ita_status ita_soft_mask_forward(ita_context* ctx, const ita_soft_mask* op);
ITA_API ita_status ita_soft_mask_backward(ita_context* ctx, const ita_soft_mask* op);

/* ---- gated_adapter ------------------------------------------------------------------------- */

/**
 * A frozen convolution beside a parallel adapter, a convolution of the same input:
 *   dst = conv2d(src, weights) + gate . conv2d(src, adapter)
 *
 * Both are linear, so they are one convolution with other weights:
 *   folded = weights + gate . adapter
 *
 * fold writes it; masked_conv2d runs it, forward and backward_data. The adapter has all taps of the
 * filter, or is 1x1 and belongs to the centre tap: then KH and KW are odd and the padding is
 * dilation (K - 1) / 2. A gate holds for `outputs` consecutive output channels. A gate of 0 copies
 * the bits of its weights, and taps that the adapter has not keep theirs.
 *
 * backward needs no value of the adapter's branch, closed or not. With G = the gradient of the
 * filters at the adapter's taps,
 *   diff_adapter = gate . G             diff_gates = sum of adapter . G over the gate's channels
 * since the sum of diff_dst . conv2d(src, adapter) is that of adapter . G. Where a gate is 0,
 * diff_adapter is 0. (Rebuffi et al. 2018, parallel residual adapters.)
 */
typedef struct ita_gated_adapter {
  ita_conv2d_shape shape;   /**< of the convolution                                              */
  int32_t adapter_kh;       /**< 1, or KH                                                        */
  int32_t adapter_kw;       /**< 1, or KW; both 1 or both of the filter                          */
  int32_t outputs;          /**< output channels of a gate, 1 .. O; the last may have fewer      */
  const float* weights;     /**< [O, I, KH, KW]   read by fold                                   */
  const float* adapter;     /**< [O, I, AKH, AKW] read by fold, and by backward for diff_gates   */
  const float* gates;       /**< [ceil(O / outputs)] read by both                                */
  float* folded;            /**< [O, I, KH, KW]   written by fold                                */
  const float* src;         /**< [N, C, H, W]   activations, read by backward                    */
  const float* diff_dst;    /**< [N, O, OH, OW] activations, read by backward                    */
  float* diff_adapter;      /**< [O, I, AKH, AKW] written by backward                            */
  float* diff_gates;        /**< [ceil(O / outputs)] or NULL, written by backward                */
  int32_t exact;            /**< 1: backward takes sums of products only, as masked_conv2d does  */
} ita_gated_adapter;

ITA_API ita_status ita_gated_adapter_fold(ita_context* ctx, const ita_gated_adapter* op);
ITA_API ita_status ita_gated_adapter_backward(ita_context* ctx, const ita_gated_adapter* op);

#ifdef __cplusplus
}
#endif

#endif /* INTARSIA_INTARSIA_H_ */
