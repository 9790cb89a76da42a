internal import Foundation
internal import Synchronization

/// The progress of a long command: on a terminal one line that is drawn again at most ten times a second, elsewhere a
/// plain line every few seconds. Threads may share it.
public final class ProgressBar: Sendable {
    private struct State {
        var completed = 0
        var total: Int?
        var note = ""
        var nextDraw: UInt64
        var samples: [(time: UInt64, completed: Int)] = []
    }

    private let label: String
    /// Nil where only the share that is done is known: then it is told in percent.
    private let unit: String?
    /// What was done before the bar began, which no rate counts.
    private let earlier: Int
    private let output: LineOutput
    private let clock: @Sendable () -> UInt64
    private let start: UInt64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - total: the amount of work, `nil` when it is not known.
    ///   - unit: what is counted, in the plural: `events`.
    ///   - earlier: how much of it was done before, which is in the amounts, but not in the rate.
    public convenience init(
        _ label: String, total: Int?, unit: String, earlier: Int = 0, output: LineOutput = .standardError
    ) {
        self.init(label, total: total, unit: unit, earlier: earlier, output: output, clock: Self.now)
    }

    /// The progress of work of which only the share that is done is known.
    public convenience init(_ label: String, output: LineOutput = .standardError) {
        self.init(label, total: Self.shares, unit: nil, earlier: 0, output: output, clock: Self.now)
    }

    init(
        _ label: String, total: Int?, unit: String?, earlier: Int = 0, output: LineOutput,
        clock: @escaping @Sendable () -> UInt64
    ) {
        self.label = label
        self.unit = unit
        self.earlier = earlier
        self.output = output
        self.clock = clock
        start = clock()
        state = Mutex(
            State(completed: earlier, total: total, nextDraw: start + (output.isTerminal ? 0 : Self.plainInterval)))
    }

    private static let now: @Sendable () -> UInt64 = { DispatchTime.now().uptimeNanoseconds }
    /// The whole of the work, where it is told by its share.
    static let shares = 1000

    private static let plainInterval: UInt64 = 5_000_000_000
    private static let drawInterval: UInt64 = 100_000_000
    /// The rate shown is that of the last few seconds.
    private static let rateWindow: UInt64 = 5_000_000_000

    /// Adds to the work that is done.
    public func advance(by amount: Int = 1) {
        update { $0.completed += amount }
    }

    /// Sets the work that is done, and perhaps a new total or a note at the end of the line.
    public func update(completed: Int, total: Int? = nil, note: String? = nil) {
        update { state in
            state.completed = completed
            if let total { state.total = total }
            if let note { state.note = note }
        }
    }

    /// Sets the share that is done, from 0 to 1.
    public func update(share: Double) {
        update(completed: Int(share * Double(Self.shares)))
    }

    /// Takes the bar away and writes a last line: the whole amount, time and rate, or of a share 100% and the time.
    public func finish() {
        let completed = state.withLock { $0.completed }
        let seconds = Double(clock() - start) * 1e-9
        let time = HumanFormat.duration(.seconds(seconds))
        output.setStatus("")
        guard unit != nil else { return output.write(line: "\(label): 100% in \(time)") }
        if earlier > 0, completed == earlier {
            return output.write(line: "\(label): \(amount(earlier)), all done before")
        }
        let rate = seconds > 0 ? " (\(HumanFormat.count(Double(completed - earlier) / seconds))/s)" : ""
        let before = earlier > 0 ? ", \(HumanFormat.grouped(earlier)) done before" : ""
        output.write(line: "\(label): \(amount(completed - earlier)) in \(time)\(rate)\(before)")
    }

    private func amount(_ count: Int) -> String {
        let unit = unit ?? ""
        return HumanFormat.counted(count, unit.hasSuffix("s") ? String(unit.dropLast()) : unit, plural: unit)
    }

    private func update(_ change: (inout State) -> Void) {
        let now = clock()
        let line = state.withLock { state -> String? in
            change(&state)
            guard now >= state.nextDraw else { return nil }
            state.nextDraw = now + (output.isTerminal ? Self.drawInterval : Self.plainInterval)
            let rate = rate(&state, now: now)
            return output.isTerminal ? bar(state, rate, columns: output.columns) : plain(state, rate)
        }
        guard let line else { return }
        if output.isTerminal { output.setStatus(line) } else { output.write(line: line) }
    }

    private func rate(_ state: inout State, now: UInt64) -> Double? {
        state.samples.append((now, state.completed))
        while state.samples.count > 2, state.samples[1].time + Self.rateWindow < now { state.samples.removeFirst() }
        let first = state.samples.count > 1 ? state.samples[0] : (time: start, completed: earlier)
        guard now > first.time else { return nil }
        return Double(state.completed - first.completed) / (Double(now - first.time) * 1e-9)
    }

    private func plain(_ state: State, _ rate: Double?) -> String {
        ([label] + facts(state, rate)).joined(separator: "  ")
    }

    private func bar(_ state: State, _ rate: Double?, columns: Int) -> String {
        var parts = [label]
        if let total = state.total, total > 0 {
            let width = 24
            let share = min(1, Double(state.completed) / Double(total))
            let full = Int(share * Double(width))
            parts.append(String(repeating: "█", count: full) + String(repeating: "░", count: width - full))
        }
        // One column is left free, lest the terminal wraps.
        return truncated((parts + facts(state, rate)).joined(separator: "  "), columns: columns - 1)
    }

    private func facts(_ state: State, _ rate: Double?) -> [String] {
        var facts: [String] = []
        if let total = state.total, total > 0 {
            facts.append(HumanFormat.fixed(min(100, 100 * Double(state.completed) / Double(total)), digits: 0) + "%")
            if let unit {
                facts.append("\(HumanFormat.grouped(state.completed))/\(HumanFormat.grouped(total)) \(unit)")
            }
        } else {
            facts.append(amount(state.completed))
        }
        if let rate {
            if unit != nil { facts.append("\(HumanFormat.count(rate))/s") }
            if let total = state.total, rate > 0, total > state.completed {
                facts.append(
                    HumanFormat.duration(.seconds((Double(total - state.completed) / rate).rounded())) + " left")
            }
        }
        if !state.note.isEmpty { facts.append(state.note) }
        return facts
    }
}
