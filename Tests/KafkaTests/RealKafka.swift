import Foundation
import Kafka
import Synchronization

/// One real Kafka for the whole run: the one at `KAFKA_BOOTSTRAP`, or one that a tool starts (`FRESHET_KAFKA_TOOL`, or
/// the file `../shared/kafka/kafka` beside the package, if it is there) in a temporary folder. The tool must
/// understand `start --dir D` (printing `KAFKA_BOOTSTRAP=…`) and `stop --dir D`.
enum RealKafka {
    static let skipReason = "needs a real Kafka: set KAFKA_BOOTSTRAP or FRESHET_KAFKA_TOOL"

    static var isAvailable: Bool {
        environment["KAFKA_BOOTSTRAP"] != nil || tool != nil
    }

    private static let environment = ProcessInfo.processInfo.environment

    private static let tool: String? = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let beside = package.appendingPathComponent("../shared/kafka/kafka").standardized.path
        let candidate = environment["FRESHET_KAFKA_TOOL"] ?? beside
        return FileManager.default.isExecutableFile(atPath: candidate) ? candidate : nil
    }()

    private struct Running {
        var bootstrap: String?
        /// Its write end stays open until this process ends, however it ends; then the shell stops the broker.
        var lifeline: Pipe?
    }

    private static let running = Mutex(Running())

    static func settings() throws -> KafkaSettings {
        KafkaSettings(bootstrapServers: try bootstrap())
    }

    private static func bootstrap() throws -> String {
        try running.withLock { running in
            if let known = environment["KAFKA_BOOTSTRAP"] ?? running.bootstrap { return known }
            guard let tool else { throw Overdue(what: skipReason) }
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(uniqueName("kafka-tests")).path
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = [
                "-c", #""$0" start --dir "$1"; exec 1>&- 2>&-; read -r line; "$0" stop --dir "$1""#, tool, folder,
            ]
            let lifeline = Pipe()
            let output = Pipe()
            shell.standardInput = lifeline
            shell.standardOutput = output
            try shell.run()
            var text = ""
            while !text.contains("\n") {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            guard let start = text.range(of: "KAFKA_BOOTSTRAP=") else { throw Overdue(what: "no broker: \(text)") }
            let address = String(text[start.upperBound...].prefix { !$0.isWhitespace && $0 != ";" })
            running.bootstrap = address
            running.lifeline = lifeline
            return address
        }
    }

    /// A new topic, ready for use.
    static func makeTopic(_ prefix: String, partitions: Int32, settings: [String: String] = [:]) throws -> String {
        let name = uniqueName(prefix)
        let admin = try Admin(try self.settings())
        let specification = TopicSpecification(name, partitions: partitions, settings: settings)
        guard try admin.createTopics([specification])[name] == .done else { throw Overdue(what: "topic \(name)") }
        return name
    }
}
