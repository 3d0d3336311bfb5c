// SPDX-License-Identifier: Apache-2.0
/** Steps of {@code acll}: the search for how much of a task's weights can go. */
package dev.intarsia.training.methods.acll;
