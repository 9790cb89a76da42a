import Foundation
import Synchronization
import Testing

@testable import ServiceKit

@Suite struct LoggingTests {
    let captured = Captured()

    func sink(_ format: LogSink.Format = .logfmt, level: Logger.Level = .info) -> LogSink {
        captured.sink(level: level, format: format)
    }

    @Test func logfmtQuotesWhatNeedsIt() {
        var logger = ServiceKit.Logger(label: "worker", sink: sink())
        logger[metadataKey: "partition"] = "3"
        logger.info("batch \(12) done", metadata: ["a key": "x=\"y\"\n", "empty": "", "partition": "4"])
        #expect(
            captured.text()
                == #"time=2023-11-14T22:13:20.007Z level=info logger=worker message="batch 12 done" "#
                + #"a_key="x=\"y\"\n" empty="" partition=4"# + "\n")
    }

    @Test func jsonLinesAreJSON() throws {
        let logger = ServiceKit.Logger(label: "worker", sink: sink(.json))
        logger.error("tab\t\u{1}é\"\\", metadata: ["n": .stringConvertible(5)])
        let line = try #require(captured.lines().first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(
            object == [
                "time": "2023-11-14T22:13:20.007Z", "level": "error", "logger": "worker", "message": "tab\t\u{1}é\"\\",
                "n": "5",
            ])
    }

    @Test func disabledLevelsCostNoMessage() {
        let sink = sink(level: .warning)
        let logger = ServiceKit.Logger(label: "x", sink: sink)
        func message() -> Logger.Message {
            Issue.record("the message was made")
            return ""
        }
        logger.info(message())
        sink.level = .trace
        sink.format = .json
        logger.trace("now")
        #expect(captured.lines().count == 1)
        #expect(Logger.Level(name: "notice") == .notice && Logger.Level(name: "loud") == nil)
    }

    @Test func threadsDoNotMixTheirLines() {
        let logger = ServiceKit.Logger(label: "x", sink: sink())
        let long = String(repeating: "m", count: 200)
        DispatchQueue.concurrentPerform(iterations: 100) { logger.info("\(long)", metadata: ["i": "\($0)"]) }
        let lines = captured.lines()
        #expect(lines.count == 100)
        #expect(lines.allSatisfy { $0.hasPrefix("time=2023") && $0.contains("message=\(long) i=") })
    }

    @Test func aStatusLineStaysBelowTheLog() {
        let terminal = Captured(isTerminal: true)
        terminal.output.setStatus("50%")
        let sink = terminal.sink()
        ServiceKit.Logger(label: "x", sink: sink).info("hello")
        sink.drain()
        terminal.output.setStatus("")
        let text = terminal.text()
        #expect(text.hasPrefix("\r\u{1B}[K50%\r\u{1B}[Ktime="))
        #expect(text.hasSuffix("message=hello\n50%\r\u{1B}[K"))
    }

    @Test func whoLogsDoesNotWaitForWhoReads() throws {
        let pipe = Pipe()
        let sink = LogSink(output: LineOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor, isTerminal: false))
        let logger = ServiceKit.Logger(label: "x", sink: sink)
        let long = String(repeating: "m", count: 1_000)
        let count = 5_000
        // Five times of what may wait, with nobody to read it: had anybody to wait for it, this would not end.
        for number in 0..<count { logger.info("\(long)", metadata: ["i": "\(number)"]) }
        sink.drain(milliseconds: 1)
        let read = Mutex(Data())
        let ended = DispatchSemaphore(value: 0)
        Thread {
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            read.withLock { $0 = data }
            ended.signal()
        }.start()
        sink.drain(milliseconds: 60_000)
        logger.info("last")
        sink.drain(milliseconds: 60_000)
        try pipe.fileHandleForWriting.close()
        ended.wait()
        let lines = String(decoding: read.withLock { $0 }, as: UTF8.self).split(separator: "\n").map(String.init)
        let whole = lines.prefix { $0.contains("message=mmm") }
        #expect(whole.count > 500 && whole.count < count)
        for (number, line) in whole.enumerated() { #expect(line.hasSuffix("i=\(number)")) }
        try #require(lines.count == whole.count + 2)
        #expect(lines[whole.count].contains("level=warning logger=log"))
        let lost = HumanFormat.grouped(count - whole.count)
        #expect(lines[whole.count].contains("message=\"\(lost) lines were not written: "), "\(lines[whole.count])")
        #expect(lines[whole.count + 1].hasSuffix("message=last"))
    }
}
