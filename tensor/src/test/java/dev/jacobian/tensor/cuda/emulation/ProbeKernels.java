// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

/** The PTX text that goes with the kernels in {@code src/test/cpp/probe}. Only declarations count there. */
public final class ProbeKernels {
    public static final String PTX = """
        .version 7.0
        .target sm_80
        .address_size 64

        .visible .entry add_scaled(
            .param .u64 add_scaled_param_0, // x
            .param .u64 add_scaled_param_1, // y
            .param .u32 add_scaled_param_2, // n
            .param .f32 add_scaled_param_3  // factor
        )
        .maxntid 256, 1, 1
        {
            ret;
        }

        .visible .entry poke(.param .u64 poke_param_0, .param .u64 poke_param_1, .param .f32 poke_param_2)
        {
            ret;
        }

        .visible .entry fail()
        {
            ret;
        }

        .visible .entry changed(.param .u64 changed_param_0, .param .u64 changed_param_1)
        {
            ret;
        }

        .visible .entry ghost(.param .align 4 .b8 ghost_param_0[8])
        {
            ret;
        }

        .visible .entry poke_through(
            .param .u64 poke_through_param_0, .param .u64 poke_through_param_1, .param .f32 poke_through_param_2)
        {
            ret;
        }
        """;

    private ProbeKernels() {}
}
