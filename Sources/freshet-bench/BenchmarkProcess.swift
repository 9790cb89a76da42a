import Foundation
import ServiceKit
import Synchronization

/// The program `freshet` as a child process.
final class BenchmarkProcess {
    private let process = Process()
    private let logPath: String
    private static let living = Mutex<Set<Int32>>([])
    private static let isInterrupted = Atomic(false)

    /// The program beside this one.
    private static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("freshet").path
    }()

    /// - Parameter settings: by their names in the environment; this process's own ones do not count.
    init(_ arguments: [String], _ settings: [String: String]) throws {
        logPath = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString + ".log").path
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = arguments
        let own = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FRESHET_") }
        process.environment = own.merging(settings) { $1 }
        process.standardOutput = log
        process.standardError = log
        try Self.checkInterrupted()
        try process.run()
        Self.living.withLock { [pid = process.processIdentifier] in _ = $0.insert(pid) }
    }

    deinit {
        if process.isRunning { kill() }
        try? FileManager.default.removeItem(atPath: logPath)
    }

    /// What it printed so far, log lines included.
    var output: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// User and system time so far, in seconds, that of a training beside it included.
    var cpuSeconds: Double { Self.cpuSeconds(process.processIdentifier) }

    private static func cpuSeconds(_ pid: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        // The second field is a name that may hold anything but ends with the last parenthesis; the times are 14 and 15, and
        // of children that are over 16 and 17.
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 14 else { return 0 }
        let own = fields[11...14].reduce(0) { $0 + (Double($1) ?? 0) } / Double(sysconf(Int32(_SC_CLK_TCK)))
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        let children = threads.flatMap { thread in
            let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)
            return (list ?? "").split(separator: " ").compactMap { Int32($0) }
        }
        return children.reduce(own) { $0 + cpuSeconds($1) }
    }

    /// As a crash would.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        _ = try? end()
    }

    /// SIGTERM, and waits.
    func stop() throws {
        process.terminate()
        _ = try end()
    }

    /// Waits until it ends by itself.
    ///
    /// - Throws: `BenchmarkFailure` where it did not end well.
    func end() throws -> String {
        process.waitUntilExit()
        Self.living.withLock { [pid = process.processIdentifier] in _ = $0.remove(pid) }
        guard process.terminationStatus == 0 else {
            let arguments = process.arguments?.joined(separator: " ") ?? ""
            throw BenchmarkFailure(
                "freshet \(arguments) ended with \(process.terminationStatus): \(output.suffix(500))")
        }
        return output
    }

    /// SIGINT and SIGTERM end the children; the row that waits for one then fails, and everything is cleared away. The second
    /// one ends the program at once.
    static func endWithSignals() {
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if isInterrupted.exchange(true, ordering: .relaxed) { exit(130) }
                LineOutput.standardError.write(
                    line: "interrupted: what was made is removed after this step; once more ends at once")
                killAll()
            }
            source.setCancelHandler { _ = source }  // which keeps it for as long as the program runs
            source.resume()
        }
    }

    static var wasInterrupted: Bool { isInterrupted.load(ordering: .relaxed) }

    /// For who would work on for long without a child.
    static func checkInterrupted() throws {
        guard !wasInterrupted else { throw BenchmarkFailure("interrupted") }
    }

    /// Nothing of this run goes on without it.
    static func killAll() {
        living.withLock { for pid in $0 { Glibc.kill(pid, SIGKILL) } }
    }
}

/// A benchmark that cannot be measured.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
