// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/** Checks whether models can teach a student: they must mean the same by a token. */
final class Teachers {
    private Teachers() {}

    /** The only one. */
    static CausalLM one(String method, CausalLM student, List<CausalLM> teachers) {
        if (teachers.size() != 1) {
            throw new IllegalArgumentException(method + " takes one teacher, got " + teachers.size());
        }
        some(method, student, teachers);
        return teachers.getFirst();
    }

    /** One or several. */
    static void some(String method, CausalLM student, List<CausalLM> teachers) {
        if (teachers.isEmpty()) {
            throw new IllegalArgumentException(method + " needs a teacher");
        }
        teachers.forEach(teacher -> requireAgreement(student, teacher));
    }

    private static void requireAgreement(CausalLM student, CausalLM teacher) {
        if (teacher.labels() > 0) {
            throw new IllegalArgumentException("a teacher is a language model, and this one scores sequences");
        }
        int vocabulary = student.config().vocabularySize();
        if (teacher.config().vocabularySize() != vocabulary) {
            throw new IllegalArgumentException("the teacher's vocabulary has "
                    + teacher.config().vocabularySize() + " tokens and the student's " + vocabulary
                    + "; distil from a model of the same tokenizer and vocabulary");
        }
        if (!student.hasTokenizer() || !teacher.hasTokenizer()) {
            return; // token ids were all that was given
        }
        Tokenizer own = student.tokenizer();
        Tokenizer theirs = teacher.tokenizer();
        for (int id = 0; id < vocabulary; id++) {
            if (!own.tokenOf(id).equals(theirs.tokenOf(id))) {
                throw new IllegalArgumentException("token " + id + " is '"
                        + theirs.tokenOf(id).orElse("") + "' to the teacher and '"
                        + own.tokenOf(id).orElse("") + "' to the student; distil from a model of the same tokenizer");
            }
        }
    }
}
