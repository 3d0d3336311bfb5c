// SPDX-License-Identifier: Apache-2.0
/** The steps of E2-AEN: adapters of a task, their gates, and what keeps them few and active. */
package dev.intarsia.training.methods.e2aen;
