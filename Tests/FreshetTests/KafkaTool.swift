import Foundation
import Kafka

/// The tool that starts a real Kafka: `FRESHET_KAFKA_TOOL`, or `../shared/kafka/kafka` beside the package.
enum KafkaTool {
    static let skipReason = "needs a Kafka to start: set FRESHET_KAFKA_TOOL (see Tests/KafkaTests/RealKafka.swift)"

    static var isAvailable: Bool { path != nil && Program.isBuilt }

    static let path: String? = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let beside = package.appendingPathComponent("../shared/kafka/kafka").standardized.path
        let candidate = ProcessInfo.processInfo.environment["FRESHET_KAFKA_TOOL"] ?? beside
        return FileManager.default.isExecutableFile(atPath: candidate) ? candidate : nil
    }()

    /// Runs a shell command line, with the tool as `$0` and the arguments after it, and returns what it printed.
    @discardableResult
    static func shell(_ script: String, _ arguments: String...) throws -> String {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-ec", script, path ?? ""] + arguments
        let output = Pipe()
        shell.standardOutput = output
        shell.standardError = output
        try shell.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw ProgramFailure(what: "\(script)\n\(text)") }
        return text
    }
}

/// A Kafka of one broker for one test, which ends with this object, or with the tests' process.
final class KafkaCluster {
    let folder: String
    /// What `start` printed, by name.
    let variables: [String: String]
    /// Its write end stays open until this process ends, however it ends; then the shell stops the broker.
    private let lifeline = Pipe()
    private let shell = Process()

    var bootstrap: String { variables["KAFKA_BOOTSTRAP"] ?? "" }
    var secureBootstrap: String { variables["KAFKA_SECURE_BOOTSTRAP"] ?? "" }

    /// - Parameter options: the broker's properties, `name=value`; `FOLDER` in them stands for the cluster's folder.
    init(secure: String? = nil, options: [String] = []) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kafka-\(UUID().uuidString)").path
        self.folder = folder
        var words = secure.map { ["--secure", $0] } ?? []
        for option in options { words += ["-o", option.replacing("FOLDER", with: folder)] }
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments =
            [
                "-c",
                #"t="$0"; d="$1"; shift; "$t" start --dir "$d" "$@" </dev/null; echo END; exec 1>&- 2>&-; read -r line; "#
                    + #""$t" stop --dir "$d""#,
                KafkaTool.path ?? "", folder,
            ] + words
        let output = Pipe()
        shell.standardInput = lifeline
        shell.standardOutput = output
        try shell.run()
        var text = ""
        while !text.contains("END\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        variables = text.split(separator: "\n").reduce(into: [:]) { found, line in
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { found[parts[0]] = parts[1] }
        }
        guard variables["KAFKA_BOOTSTRAP"] != nil else { throw ProgramFailure(what: "no broker: \(text)") }
    }

    /// The offsets that a group has committed in the first partitions of `events`, added up; 0 until it has a coordinator.
    ///
    /// By a consumer that joins nothing: librdkafka 2.0.2 ends the process when an admin client asks for the offsets of a
    /// group at the moment at which that is being made.
    func committed(_ group: String, partitions: Int32 = 2) -> Int64 {
        guard
            let consumer = try? GroupConsumer(["bootstrap.servers": bootstrap, "group.id": group]),
            let found = try? consumer.committed(
                (0..<partitions).map { TopicPartition("events", $0) }, timeoutMilliseconds: 10_000)
        else { return 0 }
        return found.reduce(0) { $0 + max(0, $1.offset) }
    }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        shell.waitUntilExit()
    }
}
