// SPDX-License-Identifier: Apache-2.0
/** Continual-learning methods, one class per paper, and the two bounds between which they stand. */
package dev.intarsia.training.methods;
