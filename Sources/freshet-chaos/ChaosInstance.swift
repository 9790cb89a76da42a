import Foundation

/// One instance of the program: a process that is killed, frozen, asked to leave, and started again under its name.
final class ChaosInstance {
    let name: String
    private let environment: [String: String]
    private let logPath: String
    private var process: Process?
    private(set) var isFrozen = false

    /// - Parameter isStatic: whether it has an `instance.id`: then a restart is the same member.
    init(_ name: String, isStatic: Bool, bootstrap: String, folder: String) {
        self.name = name
        logPath = folder + "/\(name).log"
        environment = Self.environment(bootstrap).merging(isStatic ? ["FRESHET_INSTANCE_ID": name] : [:]) { $1 }
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
    }

    /// The program beside this one.
    static let program: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("freshet").path
    }()

    static func environment(_ bootstrap: String, preloads: Bool = true) -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        var environment = own.filter { !$0.key.hasPrefix("FRESHET_") }
        environment["KAFKA_BOOTSTRAP"] = bootstrap
        environment["FRESHET_TRAINING_FIRST_EVENTS"] = "5000"
        if preloads, let library = own["FRESHET_PRELOAD"] { environment["LD_PRELOAD"] = library }
        return environment
    }

    var isRunning: Bool { process?.isRunning ?? false }

    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = ["serve"]
        process.environment = environment
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: logPath))
        log.seekToEndOfFile()
        process.standardError = log
        process.standardOutput = log
        try process.run()
        self.process = process
        isFrozen = false
    }

    /// As a crash would.
    func kill() { signal(SIGKILL) }

    func freeze() {
        signal(SIGSTOP)
        isFrozen = true
    }

    func thaw() {
        signal(SIGCONT)
        isFrozen = false
    }

    /// Asks it to end, and waits.
    func leave(seconds: Double = 40) {
        signal(SIGTERM)
        let deadline = Date(timeIntervalSinceNow: seconds)
        while isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
        if isRunning { kill() }
    }

    private func signal(_ number: Int32) {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, number)
    }

    /// What it said so far.
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// Runs another command of the program to its end, and returns its output.
    static func run(_ arguments: [String], bootstrap: String, settings: [String: String] = [:]) throws -> (
        status: Int32, output: String
    ) {
        try ChaosInterrupt.check()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment(bootstrap, preloads: false).merging(settings) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
