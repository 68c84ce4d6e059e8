# SPDX-License-Identifier: BSD-2-Clause
# Models of the scheduler's protocols, for spin(1).
model_tests = tests/model/models.test
TESTS += $(model_tests)
EXTRA_DIST += $(model_tests) tests/model/handoff.pml tests/model/park.pml
