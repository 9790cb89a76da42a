import Foundation
import Kafka
import Testing

/// A shop on a Kafka of its own, with topics of two partitions, and the steps that tests take with the program there.
struct ProgramShop {
    static let partitions: Int32 = 2

    let cluster: KafkaCluster
    var program: Program
    /// Who acts in the events of `send`.
    var users = 31

    /// - Parameter environment: the program's settings; it trains only where they say so.
    init(_ environment: [String: String] = [:]) throws {
        cluster = try KafkaCluster()
        program = Program(
            environment: ["KAFKA_BOOTSTRAP": cluster.bootstrap, "FRESHET_TRAINING_ENABLED": "false"]
                .merging(environment) { $1 })
        try check(["topics", "create", "--partitions", "\(Self.partitions)"])
    }

    /// The same shop, with other settings over the present ones.
    func with(_ environment: [String: String]) -> ProgramShop {
        var other = self
        other.program = Program(environment: program.environment.merging(environment) { $1 })
        return other
    }

    /// Runs a command that must succeed.
    @discardableResult
    func check(_ arguments: [String], input: String? = nil, seconds: Double = 90) throws -> Program.Outcome {
        let outcome = try program.run(arguments, input: input, seconds: seconds)
        #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
        return outcome
    }

    /// Ends a service as a deployment does.
    func stop(_ service: Program.Running) throws {
        service.interrupt()
        let ended = try service.wait()
        #expect(ended.status == 0, "\(ended.log)")
    }

    // MARK: - Input

    static func event(_ index: Int, user: String) -> String {
        #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"p\#(index * index % 97)","#
            + #""user_id":"\#(user)"}"#
    }

    /// Who acts in an event; users are met again after so many events as there are.
    func user(_ index: Int, of users: Int? = nil) -> String { "u\(index * 7 % (users ?? self.users))" }

    /// Produces events with the program.
    func send(_ count: Int, from start: Int, users: Int? = nil) throws {
        let lines = (start..<(start + count)).map { Self.event($0, user: user($0, of: users)) }
        try check(["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
    }

    // MARK: - What stands in Kafka

    /// A record, copied.
    struct Record {
        var partition: Int32
        var offset: Int64
        var key: String
        var value: [UInt8]?
        var headers: [String: String]
    }

    /// All records of a topic with as many partitions as the shop's.
    func records(_ topic: String, isCommitted: Bool = true) throws -> [Record] {
        let reader = try PartitionReader([
            "bootstrap.servers": cluster.bootstrap,
            "isolation.level": isCommitted ? "read_committed" : "read_uncommitted",
        ])
        try reader.assign((0..<Self.partitions).map { PartitionOffset(topic, $0, 0) })
        var found: [Record] = []
        var atEnd: Set<TopicPartition> = []
        while atEnd.count < Int(Self.partitions) {
            let polled = reader.poll(max: 1000, timeoutMilliseconds: 1000)
            for message in polled.messages {
                let headers = message.headers.map { header in
                    (header.name, String(decoding: header.value.map(Array.init) ?? [], as: UTF8.self))
                }
                found.append(
                    Record(
                        partition: message.partition, offset: message.offset,
                        key: String(decoding: message.key.map(Array.init) ?? [], as: UTF8.self),
                        value: message.value.map(Array.init), headers: Dictionary(headers) { $1 }))
            }
            polled.messages.destroy()
            for case .endOfPartition(let end) in polled.events { atEnd.insert(end.place) }
        }
        return found
    }

    /// Waits until a group has committed so many events.
    func waitForCommit(_ count: Int64, group: String = "freshet", seconds: Double = 60) throws {
        try wait("\(group) has not committed \(count) events", seconds: seconds) { cluster.committed(group) >= count }
    }

    func wait(_ what: String, seconds: Double = 30, until condition: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while try !condition() {
            guard Date() < deadline else { throw ProgramFailure(what: what) }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }
}
