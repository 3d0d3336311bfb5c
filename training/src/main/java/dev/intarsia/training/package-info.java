// SPDX-License-Identifier: Apache-2.0
/**
 * The loop that trains a net on a task, and the curriculum that takes a method through all of them.
 */
package dev.intarsia.training;
