// SPDX-License-Identifier: Apache-2.0
/** What is measured of a run: accuracies over tasks, and bytes. */
package dev.intarsia.training.metrics;
