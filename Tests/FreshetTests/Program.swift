import Foundation
import Synchronization

/// The real program as a process of its own: the one built beside the tests.
struct Program: Sendable {
    static let path: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("freshet").path
    }()

    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }

    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var log: String

        /// The JSON object on the last line of the output.
        var summary: [String: Any] {
            let line = output.split(separator: "\n").last.map(String.init) ?? ""
            return (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:]
        }
    }

    /// Collects a stream while the process runs, so that a full pipe never stops it.
    fileprivate final class Collected: Sendable {
        let bytes = Mutex(Data())
        let hasEnded = DispatchSemaphore(value: 0)

        func read(_ pipe: Pipe) {
            let handle = pipe.fileHandleForReading
            Thread.detachNewThread { [self] in
                while true {
                    let data = handle.availableData
                    if data.isEmpty { break }
                    bytes.withLock { $0.append(data) }
                }
                hasEnded.signal()
            }
        }

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    /// What every run gets in its environment, over the tests' own.
    var environment: [String: String]

    /// Runs a command to its end. One that takes longer than `seconds` is killed and reported with what it said.
    func run(_ arguments: [String], input: String? = nil, seconds: Double = 90) throws -> Outcome {
        let running = try start(arguments, input: input)
        return try running.wait(seconds: seconds)
    }

    /// A command under way.
    final class Running {
        fileprivate let process = Process()
        fileprivate let output = Collected()
        fileprivate let errors = Collected()
        fileprivate var what = ""

        var log: String { errors.text }

        var processIdentifier: pid_t { process.processIdentifier }

        func interrupt() { process.terminate() }

        func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

        func wait(seconds: Double = 60) throws -> Outcome {
            let deadline = Date(timeIntervalSinceNow: seconds)
            while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
            let isLate = process.isRunning
            if isLate { kill() }
            process.waitUntilExit()
            output.hasEnded.wait()
            errors.hasEnded.wait()
            guard !isLate else { throw ProgramFailure(what: "\(what) took longer than \(seconds) s:\n\(errors.text)") }
            return Outcome(status: process.terminationStatus, output: output.text, log: errors.text)
        }

        deinit { if process.isRunning { kill() } }
    }

    func start(_ arguments: [String], input: String? = nil) throws -> Running {
        let running = Running()
        running.what = "freshet \(arguments.joined(separator: " "))"
        running.process.executableURL = URL(fileURLWithPath: Self.path)
        running.process.arguments = arguments
        running.process.environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("FRESHET_") && name != "KAFKA_BOOTSTRAP"
        }.merging(environment) { $1 }
        let (output, errors, source) = (Pipe(), Pipe(), Pipe())
        running.process.standardOutput = output
        running.process.standardError = errors
        running.process.standardInput = source
        try running.process.run()
        running.output.read(output)
        running.errors.read(errors)
        if let input { source.fileHandleForWriting.write(Data(input.utf8)) }
        try source.fileHandleForWriting.close()
        return running
    }
}

struct ProgramFailure: Error {
    let what: String
}
