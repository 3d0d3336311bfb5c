// SPDX-License-Identifier: Apache-2.0
/** Rules that turn gradients into steps, and the optimizer that applies one to a net. */
package dev.intarsia.training.optim;
