import Foundation
import ServiceKit

/// Draws the demo ten times a second on a terminal, and says a line now and then elsewhere.
final class DemoScreen: @unchecked Sendable {
    private let board: DemoBoard
    private let address: String
    private let total: Int
    private let output = LineOutput.standardOutput
    private let stop = Latch()
    private let ended = Latch()
    private let recorder: TerminalRecording?
    // Unchecked for what follows: used by the screen's own thread, and by `finish` when that has ended.
    private var samples: [(time: Double, events: Int, lists: Int)] = []
    private var drawnLines = 0
    private var saidAt = -10.0
    private var saidPart: DemoBoard.Part?
    private var recordedAt = -10.0

    init(_ board: DemoBoard, address: String, total: Int, recorder: TerminalRecording?) {
        self.board = board
        self.address = address
        self.total = total
        self.recorder = recorder
    }

    func start() {
        let thread = Thread { [self] in
            if output.isTerminal { write("\u{1B}[?25l") }
            while !stop.wait(for: .milliseconds(100)) { draw() }
            draw()
            if output.isTerminal { write("\u{1B}[?25h\n") }
            ended.set()
        }
        thread.name = "screen"
        thread.start()
    }

    /// The last frame stays; what is printed next comes below it.
    func finish() {
        stop.set()
        ended.wait(for: .seconds(2))
    }

    private func draw() {
        let now = board.now
        let state = board.view
        samples.append((now, state.sent, state.listsRead))
        while samples.count > 2, samples[1].time < now - 2 { samples.removeFirst() }
        var rates = DemoFrame.Rates()
        if let first = samples.first, now - first.time > 0.5 {
            rates.events = Double(state.sent - first.events) / (now - first.time)
            rates.lists = Double(state.listsRead - first.lists) / (now - first.time)
        }
        record(state, rates, now)
        guard output.isTerminal else { return say(state, rates, now) }
        let columns = min(output.columns - 1, 120)
        let frame = DemoFrame(
            story: board.story, address: address, total: total, style: Style(for: output), columns: columns,
            itemsShown: DemoFrame.itemsShown(rows: Self.rows))
        var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\r" : ""
        // The cursor stands below the last one.
        let lines = frame.lines(state, rates: rates, now: now).prefix(max(1, Self.rows - 1))
        for line in lines { text += line + "\u{1B}[K\n" }
        drawnLines = lines.count
        write(text)
    }

    private func record(_ state: DemoBoard.View, _ rates: DemoFrame.Rates, _ now: Double) {
        guard let recorder, now - recordedAt >= recorder.interval, state.part != .following else { return }
        recordedAt = now
        let frame = DemoFrame(
            story: board.story, address: address, total: total, style: Style(isEnabled: true), columns: 100,
            itemsShown: 6)
        recorder.add(frame.lines(state, rates: rates, now: now))
    }

    /// Plain lines, for a log.
    private func say(_ state: DemoBoard.View, _ rates: DemoFrame.Rates, _ now: Double) {
        if saidPart == nil {
            output.write(line: "Freshet demo: \(board.story.title)")
            output.write(line: "librdkafka's embedded broker at \(address)")
        }
        guard state.part != saidPart || now - saidAt >= 2 else { return }
        (saidPart, saidAt) = (state.part, now)
        let frame = DemoFrame(
            story: board.story, address: address, total: total, style: Style(isEnabled: false), columns: 100,
            itemsShown: 3)
        let lines = frame.lines(state, rates: rates, now: now)
        output.write(line: lines[3])
        guard state.part == .live else { return }
        output.write(line: "  " + lines[4])
        for line in lines[7...].prefix(4) where !line.isEmpty { output.write(line: "  " + line) }
    }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(output.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR || errno == EAGAIN else { return }
            if count > 0 { bytes = bytes.dropFirst(count) }
        }
    }

    private static var rows: Int {
        var size = winsize()
        return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_row > 0 ? Int(size.ws_row) : 32
    }
}
