// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Printable;
import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.StepMetrics;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.Signals;

/**
 * Lines that stay at the bottom of a terminal: a bar with the time, the metrics of the latest step, and what the run is doing now, as long
 * as it tells. Everything
 * printed through {@link #print} scrolls by above them. JLine knows the terminal and redraws only what changed.
 *
 * <p>Only JLine's drawing is used, on a terminal that reads nothing. Its system terminal would also take over input and
 * signals, and calls native code, for which a JVM wants a flag.
 */
final class ProgressBar implements ProgressView {
    /** Time between two redraws while nothing happens, so that the clock runs. */
    private static final long TICK_MILLIS = 500;

    private static final int WIDEST = 100;

    /** Most lines about who works elsewhere. */
    private static final int MOST_OTHERS = 8;

    private final Terminal terminal;
    private final Display display;
    private final boolean colours;
    private final boolean unicode;
    private final Thread clock;
    private final Thread atExit = new Thread(this::leave, "progress-end");

    private ProgressState state = new ProgressState(0, System.nanoTime());
    private Size size;
    private List<AttributedString> shown = List.of();
    private boolean closing;
    private boolean closed;

    ProgressBar(Terminal terminal, boolean colours) {
        this.terminal = terminal;
        this.colours = colours;
        this.unicode = terminal.encoding().name().startsWith("UTF");
        this.display = new Display(terminal, false);
        this.size = terminal.getSize();
        this.clock = Thread.ofPlatform().name("progress-clock").daemon().unstarted(this::tick);
    }

    /** A bar on standard error, if that is a terminal that can move its cursor. */
    static Optional<ProgressBar> open() {
        String type = Optional.ofNullable(System.getenv("TERM")).orElse("dumb");
        if (type.equals("dumb") || !TerminalProbe.errorIsTerminal()) {
            return Optional.empty();
        }
        return TerminalProbe.size().flatMap(size -> {
            Terminal terminal;
            try {
                // Buffered, so that a redraw is one write and nothing half drawn is seen.
                OutputStream out = new BufferedOutputStream(System.err);
                terminal =
                        new ExternalTerminal("stderr", type, InputStream.nullInputStream(), out, System.err.charset());
            } catch (IOException e) {
                return Optional.empty();
            }
            if (terminal.getStringCapability(Capability.cursor_up) == null
                    || terminal.getStringCapability(Capability.clr_eol) == null) {
                closeQuietly(terminal);
                return Optional.empty();
            }
            terminal.setSize(size);
            String noColor = System.getenv("NO_COLOR");
            ProgressBar bar = new ProgressBar(terminal, noColor == null || noColor.isEmpty());
            Runtime.getRuntime().addShutdownHook(bar.atExit);
            bar.clock.start();
            Signals.register("WINCH", () -> TerminalProbe.size().ifPresent(bar::resize));
            return Optional.of(bar);
        });
    }

    @Override
    public synchronized void show(ProgressState newState) {
        state = newState;
        redraw();
    }

    @Override
    public synchronized void print(List<String> lines) {
        if (closed) {
            return;
        }
        display.update(List.of(), 0);
        for (String line : lines) {
            AttributedStringBuilder text = new AttributedStringBuilder();
            text.styled(line.startsWith("  : ") ? faint() : AttributedStyle.DEFAULT, Printable.of(line));
            terminal.writer().println(text.toAnsi(terminal));
        }
        redraw();
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The JVM is shutting down, and the hook does this or has done it.
        }
        leave();
    }

    /** Ends below the bar, which stays where it is. */
    private synchronized void leave() {
        if (!closed) {
            closing = true; // nothing is done any more
            redraw();
            closed = true;
            notifyAll();
            terminal.writer().println();
            terminal.flush();
            closeQuietly(terminal);
        }
    }

    private synchronized void tick() {
        try {
            while (!closed) {
                redraw();
                wait(TICK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that; the bar stands still then
        }
    }

    private synchronized void resize(Size newSize) {
        if (!closed) {
            // A narrower terminal has wrapped our lines, so what stands where is a guess: clear them all and start
            // again.
            int rows = 0;
            for (AttributedString line : shown) {
                rows += Math.max(1, Math.ceilDiv(line.columnLength(), newSize.getColumns()));
            }
            for (int row = 1; row < rows; row++) {
                terminal.puts(Capability.cursor_up);
            }
            terminal.puts(Capability.carriage_return);
            terminal.puts(Capability.clr_eos);
            display.reset();
            size = newSize;
            terminal.setSize(newSize);
            redraw();
        }
    }

    private void redraw() {
        if (closed) {
            return;
        }
        display.resize(size);
        int width = Math.min(WIDEST, size.getColumns() - 1);
        List<AttributedString> lines = new ArrayList<>();
        List<AttributedString> wanted = new ArrayList<>(List.of(barLine(width), metricsLine(width)));
        Activity.Now now = state.activity();
        List<String> activity = ProgressText.activity(now);
        if (!activity.isEmpty() && !closing) {
            wanted.add(new AttributedString(ProgressText.fit(activity, separator(), width), faint()));
        }
        if (!closing) {
            now.others().stream()
                    .limit(MOST_OTHERS)
                    .forEach(line -> wanted.add(new AttributedString(Printable.of(line), faint())));
        }
        for (AttributedString line : wanted) {
            lines.add(line.columnSubSequence(0, width));
        }
        shown = lines;
        AttributedString last = lines.getLast();
        // The cursor rests after the last line, where a shell's prompt or a stack trace does no harm.
        display.update(lines, size.cursorPos(lines.size() - 1, last.columnLength()));
        terminal.flush();
    }

    private AttributedString barLine(int width) {
        long now = System.nanoTime();
        StepMetrics step = state.latest();
        int total = Math.max(1, state.totalSteps());
        String left = String.format("%" + Integer.toString(total).length() + "d/%d ", step.step(), total);
        StringBuilder right = new StringBuilder(String.format(" %3d%%  ", 100L * step.step() / total));
        right.append(ProgressText.duration(state.elapsed(now)));
        OptionalDouble remaining = state.remaining(now);
        if (state.finished()) {
            right.append(", finishing");
        } else if (remaining.isPresent()) {
            right.append(", ")
                    .append(ProgressText.duration(remaining.getAsDouble()))
                    .append(" left");
        }
        int room = Math.max(5, width - left.length() - Math.max(right.length(), 26));
        int full = (int) ((long) room * step.step() / total);
        return new AttributedStringBuilder()
                .append(left)
                .styled(bar(), (unicode ? "━" : "#").repeat(full))
                .styled(faint(), (unicode ? "╌" : "-").repeat(room - full))
                .append(right)
                .toAttributedString();
    }

    private AttributedString metricsLine(int width) {
        List<String> parts = ProgressText.metrics(state);
        return new AttributedString(
                parts.isEmpty() ? "waiting for the first step" : ProgressText.fit(parts, separator(), width),
                parts.isEmpty() ? faint() : AttributedStyle.DEFAULT);
    }

    private String separator() {
        return unicode ? " · " : ", ";
    }

    private AttributedStyle bar() {
        return colours ? AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN) : AttributedStyle.DEFAULT;
    }

    private AttributedStyle faint() {
        return colours ? AttributedStyle.DEFAULT.faint() : AttributedStyle.DEFAULT;
    }

    private static void closeQuietly(Terminal terminal) {
        try {
            terminal.close();
        } catch (IOException e) {
            // Nothing is lost: everything was flushed.
        }
    }
}
