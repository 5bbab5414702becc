// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufTensor;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a GGUF file as a model of this house has them: rows of queries and keys back in the order of transformers, 1 taken
 * from the factors of norms that are stored with it, and what else {@link GgufForms} lists.
 *
 * <p>1 is taken and added again exactly: what is computed is the factor that the file has.
 */
final class GgufWeights implements StoredWeights {
    private final GgufCheckpoint file;
    private final Map<String, GgufForm> forms; // of tensors that are otherwise
    private final Map<String, String> stored = new LinkedHashMap<>(); // from the name that the plan has

    GgufWeights(GgufCheckpoint file, Set<String> planned, Map<String, GgufForm> forms) {
        this.file = file;
        this.forms = forms;
        Set<String> left = new LinkedHashSet<>();
        file.tensors().forEach(tensor -> left.add(tensor.name()));
        for (String name : planned) {
            String own = GgufNames.inFile(name);
            if (left.remove(own)) {
                stored.put(name, own);
            }
        }
        left.forEach(name -> stored.put(name, name));
    }

    private GgufTensor tensor(String name) {
        String own = stored.getOrDefault(name, name);
        return file.file(own).tensor(own);
    }

    @Override
    public Set<String> names() {
        return stored.keySet();
    }

    @Override
    public List<Long> extents(String name) {
        return form(name).extentsOfModel(tensor(name).extents());
    }

    @Override
    public Tensor read(String name) {
        GgufTensor tensor = tensor(name);
        Tensor numbers = file.file(tensor.name()).read(tensor.name());
        try {
            return shaped(name, form(name).fromFile(numbers));
        } catch (IllegalArgumentException wrong) {
            throw broken(tensor.name(), wrong);
        }
    }

    @Override
    public Tensor readNarrow(String name) {
        GgufTensor tensor = tensor(name);
        return form(name).keepsNumbers()
                ? shaped(name, form(name).fromFile(file.file(tensor.name()).readNarrow(tensor.name())))
                : read(name);
    }

    @Override
    public WeightFormat format(String name) {
        if (!form(name).keepsRows()) {
            return WeightFormat.F32; // blocks run along rows, so they cannot be moved
        }
        return switch (tensor(name).type()) {
            case BF16 -> WeightFormat.BF16;
            case Q8_0 -> WeightFormat.Q8_0;
            case Q4_0 -> WeightFormat.Q4_0;
            case Q4_K -> WeightFormat.Q4_K;
            case Q6_K -> WeightFormat.Q6_K;
            case F32, F16, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q5_K, MXFP4 -> WeightFormat.F32;
        };
    }

    @Override
    public QuantizedMatrix readBlocks(String name) {
        GgufTensor tensor = tensor(name);
        String own = tensor.name();
        int columns = tensor.shape().extent(tensor.shape().rank() - 1);
        int rows = tensor.shape().elements() / Math.max(1, columns);
        try {
            QuantizedMatrix stored = new QuantizedMatrix(
                    format(name), rows, columns, file.file(own).readBytes(own));
            GgufForm form = form(name);
            return form.movesRows() ? stored.select(rows, form::rowInFile) : stored;
        } catch (IllegalArgumentException wrong) {
            throw broken(own, wrong);
        }
    }

    private FormatException broken(String own, IllegalArgumentException wrong) {
        return new FormatException(
                file.file(own).path() + ", tensor '" + own + "'",
                String.valueOf(wrong.getMessage()),
                "The file is broken: fetch it again, or convert the model again",
                wrong);
    }

    private Tensor shaped(String name, Tensor numbers) {
        int[] extents = extents(name).stream().mapToInt(Long::intValue).toArray();
        return numbers.reshape(extents);
    }

    private GgufForm form(String name) {
        return forms.getOrDefault(name, GgufForm.AS_IT_IS);
    }

    @Override
    public DType type(String name) {
        return switch (tensor(name).type()) {
            case BF16 -> DType.BF16;
            case F16 -> DType.F16;
            default -> DType.F32;
        };
    }
}
