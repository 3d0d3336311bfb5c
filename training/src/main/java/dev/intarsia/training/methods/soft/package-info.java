// SPDX-License-Identifier: Apache-2.0
/** Learning factors of frozen weights, task by task, and what is kept of them. */
package dev.intarsia.training.methods.soft;
