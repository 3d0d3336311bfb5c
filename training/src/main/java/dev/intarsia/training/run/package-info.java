// SPDX-License-Identifier: Apache-2.0
/** One run from its configuration to its results and its report. */
package dev.intarsia.training.run;
