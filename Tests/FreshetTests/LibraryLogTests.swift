import Foundation
import Kafka
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct LibraryLogTests {
    private final class Clock: Sendable {
        let milliseconds = Atomic<UInt64>(1_000_000)
    }

    private let pipe = Pipe()
    private let clock = Clock()
    private let sink: LogSink
    private let log: LibraryLog

    init() {
        let clock = clock
        sink = LogSink(output: LineOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor, isTerminal: false))
        log = LibraryLog(Logger(label: "x", sink: sink)) { clock.milliseconds.load(ordering: .relaxed) }
    }

    private func say(_ level: Int32, _ facility: String, _ message: String) {
        log.receive(KafkaLogLine(level: level, facility: facility, message: message))
    }

    private func lines() throws -> [String] {
        sink.drain()
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    @Test func aBrokerThatIsAwayIsToldNowAndThen() throws {
        for _ in 0..<40 { say(3, "FAIL", "refused") }
        say(4, "FENCE", "cannot fence")
        clock.milliseconds.add(LibraryLog.quietMilliseconds, ordering: .relaxed)
        say(3, "FAIL", "refused again")
        let lines = try lines()
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { $0.contains("level=warning") })
        #expect(lines[0].contains("facility=FAIL") && lines[1].contains("cannot fence"))
        #expect(lines[2].contains("refused again (and 39 more"))
    }

    @Test func whatIsAskedForIsShownAndWhatIsUsualIsNot() throws {
        for _ in 0..<2 { say(7, "CONNECT", "connecting") }
        say(6, "FAIL", "closed after being idle")
        say(
            4, "CONFWARN",
            "Configuration property linger.ms is a producer property and will be ignored by this consumer")
        say(0, "FATAL", "fenced")
        let lines = try lines()
        #expect(lines.count == 3)
        #expect(lines[0].contains("connecting") && lines[1].contains("connecting"))
        #expect(lines[2].contains("level=error"))
    }
}
