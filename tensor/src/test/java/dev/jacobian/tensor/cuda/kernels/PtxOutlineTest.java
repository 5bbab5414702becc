// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two spellings of one program have one outline, and two programs have two. */
class PtxOutlineTest {
    private static final String TEXT = """
        .version 7.0
        .target sm_80
        .shared .align 4 .b8 tile[128];

        .visible .entry scale(
        	.param .u64 scale_param_0,
        	.param .f32 scale_param_1
        )
        .maxntid 256, 1, 1
        {
        	.reg .f32 	%f<4>;
        	.reg .b64 	%rd<2>;

        	ld.param.u64 	%rd1, [scale_param_0];
        	ld.param.f32 	%f1, [scale_param_1];
        $L__BB0_1:
        	ld.global.v2.f32 	{%f2, %f3}, [%rd1];
        	fma.rn.f32 	%f2, %f1, %f3, 0f3F800000;
        	@%p1 bar.sync 	0;
        	shfl.sync.bfly.b32 	%r2|%p2, %r1, 1, 31, -1;
        	st.global.f32 	[%rd1+4], %f2;
        	@%p1 bra 	$L__BB0_1;
        	ret;

        }
        .visible .entry last()
        {
        	ret;

        }
        """;

    @Test
    void itSaysWhatIsDeclaredAndComputed() {
        PtxOutline outline = PtxOutline.of(TEXT);
        assertThat(outline.declarations()).isEqualTo(".version 7.0\n.target sm_80\n.shared .align 4 .b8 tile[128];");
        assertThat(outline.kernels()).containsOnlyKeys("scale", "last");
        assertThat(outline.kernels().get("scale"))
                .contains(".param .f32 scale_param_1")
                .endsWith(".maxntid 256, 1, 1");
        assertThat(outline.instructions().get("scale"))
                .isEqualTo(Map.of(
                        "fma.rn.f32 %f, %f, %f, 0f3F800000", 1,
                        "bar.sync 0", 1,
                        "shfl.sync.bfly.b32 %r|%p, %r, 1, 31, -1", 1));
        assertThat(outline.instructions().get("last")).isEmpty();
    }

    @Test
    void numbersOfRegistersAndLabelsAreNoDifference() {
        assertThat(PtxOutline.of(TEXT.replace("%f2", "%f17")
                        .replace("%f<4>", "%f<18>")
                        .replace("%p1", "%p9")
                        .replace("$L__BB0_1", "$L__BB0_12")))
                .isEqualTo(PtxOutline.of(TEXT));
    }

    /** As nvcc does now and then: a pointer is advanced beforehand, and a load becomes two. */
    @Test
    void howAnAddressIsReachedIsNoDifference() {
        assertThat(PtxOutline.of(TEXT.replace("\tld.global.v2.f32 \t{%f2, %f3}, [%rd1];", """
            \tadd.s64 \t%rd2, %rd1, 2304;
            \tld.global.f32 \t%f2, [%rd2+-2304];
            \tld.global.f32 \t%f3, [%rd2+-2300];\
            """)
                        .replace("[%rd1+4]", "[%rd2+-2300]")))
                .isEqualTo(PtxOutline.of(TEXT));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', textBlock = """
        fma.rn.f32 \t%f2, %f1, %f3, 0f3F800000; > fma.rn.f32 \t%f2, %f1, %f3, 0f3F800001;
        fma.rn.f32 > fma.rz.f32
        fma.rn.f32 > fma.rn.ftz.f32
        @%p1 bar.sync \t0; > @%p1 bar.sync \t1;
        @%p1 bar.sync \t0; > ''
        shfl.sync.bfly.b32 \t%r2|%p2, %r1, 1 > shfl.sync.bfly.b32 \t%r2|%p2, %r1, 2
        .param .f32 scale_param_1 > .param .f64 scale_param_1
        .maxntid 256 > .maxntid 128
        tile[128] > tile[256]
        .visible .entry last() > .visible .entry least()
        .target sm_80 > .target sm_90
        """)
    void anotherProgramHasAnother(String part, String other) {
        assertThat(TEXT).contains(part);
        assertThat(PtxOutline.of(TEXT.replace(part, other))).isNotEqualTo(PtxOutline.of(TEXT));
    }
}
