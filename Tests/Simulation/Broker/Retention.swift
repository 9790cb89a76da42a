import Pipeline

/// Deletes old events and old records of the item log, as brokers do: what checkpoints and snapshots have held for
/// longer than any process stands still.
final class Retention {
    private static let age = 5_000

    private let broker: SimulatedBroker
    private let partitions: Int

    init(_ broker: SimulatedBroker, partitions: Int) {
        self.broker = broker
        self.partitions = partitions
    }

    /// What is held by now is deleted when it is old enough.
    func schedule() {
        for number in 0..<Int32(partitions) {
            guard let held = broker.markedOffset(number) else { continue }
            broker.time.after(Self.age) { [broker] in broker.partition(.events, number).truncate(before: held) }
        }
        // The oldest snapshot that is there: a manifest that has not been withdrawn.
        var manifests: [[UInt8]: Bool] = [:]
        for record in broker.partition(.snapshots, 0).committed {
            guard let key = record.key, key.suffix(8).elementsEqual("manifest".utf8) else { continue }
            manifests[key] = record.value != nil
        }
        let oldest = manifests.filter(\.value).keys.compactMap { key in
            Int64(String(decoding: key.prefix(16), as: UTF8.self), radix: 16)
        }.min()
        guard let oldest else { return }
        broker.time.after(Self.age) { [broker] in broker.partition(.itemLog, 0).truncate(before: oldest) }
    }
}
