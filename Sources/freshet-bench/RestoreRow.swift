import Dispatch
import Events
import Kafka
import Models
import Pipeline

/// From being given its partitions to being ready for events: a worker with users of 50 interactions each. Restoring needs
/// neither events nor items, so the users' checkpoints are written for the purpose.
enum RestoreRow: BenchmarkRow {
    static let name = "restore"
    private static let distinct = 20_000 / CPUTime.shrink
    private static let million = 1_000_000.0

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let broker = try run.broker() else { return [.withoutBroker("restore of users from assignment")] }
        let users = BenchmarkRun.size("FRESHET_BENCH_RESTORE_USERS", default: 100_000)
        let shop = try BenchmarkShop(broker, name: "restore", partitions: 8)
        defer { shop.remove() }
        let settings = WorkerSettings()
        let bytes = try write(users, shop, settings)
        var took: [(seconds: Double, cpuSeconds: Double)] = []
        for _ in 0..<3 { took.append(try restore(users, shop, settings)) }
        let seconds = took.map(\.seconds).median
        let asked = 10 * Double(users) / million
        return [
            Figure(
                what: "\(grouped(Double(users))) users of \(bytes) bytes, from assignment, exactly_once",
                measured: "\(hundredths(seconds)) s, \(hundredths(took.map(\.cpuSeconds).median)) CPU-s",
                target: "≤ \(hundredths(asked)) s", isReached: seconds <= asked,
                note:
                    "\(took.map { hundredths($0.seconds) }.joined(separator: ", ")) s; asked for a million users: 10 s")
        ]
    }

    /// Writes checkpoints as a worker does: the states of 20,000 users, again and again under other names. Gives the mean
    /// size of one.
    private static func write(_ users: Int, _ shop: BenchmarkShop, _ settings: WorkerSettings) throws -> Int {
        let folds = BothFolds()
        let source = EventSource(users: distinct, order: .inTurn, stepMilliseconds: 200)
        for _ in 0..<50 {
            source.make(distinct)
            for index in 0..<distinct { folds.learnUser(source.event(index)) }
        }
        folds.finishUsers()
        let codec = UserStateCodec(items: folds.table.identifiers)
        let output = try KafkaReplayOutput(logSettings(shop), groups: [])
        try output.begin(records: users)
        let (key, state) = (ByteWriter(), ByteWriter())
        var bytes = 0
        for user in 0..<users {
            key.removeAll()
            key.byte(CheckpointRecord.userPrefix)
            JSONText.integer(Int64(512_000_000 + user * 37), to: key)
            state.removeAll()
            codec.encode(folds.store[UserStore.User(user % distinct)], to: state)
            bytes += state.count
            try output.add(
                OutputRecord(
                    topic: .users, partition: Int32(user) % shop.partitions, key: key.bytes, value: state.bytes))
        }
        for partition in 0..<shop.partitions {
            key.removeAll()
            key.text(CheckpointRecord.markerKey)
            state.removeAll()
            CheckpointRecord.Marker(offset: 0, fingerprint: settings.fingerprint, writer: "").encode(to: state)
            try output.add(
                OutputRecord(topic: .users, partition: partition, key: key.bytes, value: state.bytes))
        }
        try output.finish(Dictionary(uniqueKeysWithValues: (0..<shop.partitions).map { ($0, 0) }))
        return bytes / users
    }

    private static func logSettings(_ shop: BenchmarkShop) -> KafkaEventLog.Settings {
        KafkaEventLog.Settings(
            client: shop.client, topics: shop.topics, isTransactional: true, instanceID: nil, memberName: "restore",
            isStatic: false)
    }

    private static func restore(
        _ users: Int, _ shop: BenchmarkShop, _ settings: WorkerSettings
    ) throws -> (seconds: Double, cpuSeconds: Double) {
        let log = try KafkaEventLog(logSettings(shop))
        defer { log.close() }
        let worker = try Worker(
            settings: settings, log: log, clock: { DispatchTime.now().uptimeNanoseconds / 1_000_000 })
        while worker.partitions.isEmpty { try worker.step(timeoutMilliseconds: 10) }
        let (began, cpuBegan) = (BenchmarkClock.now, CPUTime.process)
        while !worker.isReady { try worker.step(timeoutMilliseconds: 10) }
        let took = (BenchmarkClock.now - began, CPUTime.process - cpuBegan)
        let restored = worker.partitions.values.reduce(0) { $0 + $1.store.count }
        guard restored == users else { throw BenchmarkFailure("\(restored) of \(users) users were restored") }
        return took
    }
}
