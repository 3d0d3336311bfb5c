// SPDX-License-Identifier: Apache-2.0
/** The command line. */
package dev.intarsia.training.cli;
