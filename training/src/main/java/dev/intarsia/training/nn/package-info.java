// SPDX-License-Identifier: Apache-2.0
/**
 * Layers and nets. A layer owns its outputs and binds its kernels once, when it is built; a step
 * then costs one call per kernel and allocates nothing. No class here knows a method.
 */
package dev.intarsia.training.nn;
