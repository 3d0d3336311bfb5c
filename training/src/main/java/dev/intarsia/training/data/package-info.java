// SPDX-License-Identifier: Apache-2.0
/**
 * Images on their way into the net: files become {@link dev.intarsia.training.data.Dataset}s,
 * datasets are cut into the {@link dev.intarsia.training.data.Task}s of a {@link
 * dev.intarsia.training.data.TaskStream}, and a {@link dev.intarsia.training.data.Loader} turns one
 * epoch of a task into normalised batches.
 */
package dev.intarsia.training.data;
