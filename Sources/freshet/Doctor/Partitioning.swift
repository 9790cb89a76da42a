import CZlib
import ServiceKit

/// Where a key belongs, by the two partitioners that clients use.
enum Partitioning {
    /// Java's, and librdkafka's `murmur2_random`.
    static func murmur2(_ key: UnsafeRawBufferPointer, partitions: Int) -> Int {
        Int(JavaPartitioner.partition(of: Array(key), count: partitions))
    }

    /// What librdkafka, kcat and the clients made of it use unless they are told otherwise (`consistent_random`).
    static func crc32(_ key: UnsafeRawBufferPointer, partitions: Int) -> Int {
        let bytes = key.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return Int(CZlib.crc32(0, bytes, UInt32(key.count))) % partitions
    }
}

/// Which partitioners the records of a topic came by.
struct PartitioningSample {
    let partitions: Int
    private(set) var records = 0
    private(set) var withoutKey = 0
    private(set) var murmur2 = 0
    private(set) var crc32 = 0
    private(set) var neither = 0
    private var places: [[UInt8]: Int32] = [:]
    /// Users whose records were seen in two partitions.
    private(set) var split: Set<[UInt8]> = []

    init(partitions: Int) { self.partitions = partitions }

    mutating func add(key: UnsafeRawBufferPointer?, partition: Int32) {
        records += 1
        guard let key, key.count > 0 else {
            withoutKey += 1
            return
        }
        let isMurmur2 = Partitioning.murmur2(key, partitions: partitions) == Int(partition)
        let isCRC32 = Partitioning.crc32(key, partitions: partitions) == Int(partition)
        // Where both agree a record tells nothing.
        if isMurmur2 != isCRC32 {
            if isMurmur2 { murmur2 += 1 } else { crc32 += 1 }
        } else if !isMurmur2 {
            neither += 1
        }
        let name = Array(key)
        if let known = places[name], known != partition { split.insert(name) }
        places[name] = partition
    }

    func finding(topic: String) -> Finding {
        let subject = "partitioner"
        if records == 0 { return .note(subject, "\(topic) has no records to look at") }
        let sampled = HumanFormat.counted(records, "record")
        if partitions == 1 { return .fine(subject, "\(topic) has one partition") }
        let remedy =
            "a user's events must stay in one partition: let every producer use murmur2 (librdkafka, kcat: "
            + "-X topic.partitioner=murmur2_random; Java's clients do)"
        if !split.isEmpty {
            let example = String(decoding: split.min { $0.lexicographicallyPrecedes($1) } ?? [], as: UTF8.self)
            return .wrong(
                subject,
                "\(HumanFormat.counted(split.count, "user")) with events in several partitions (such as \(example)): "
                    + "murmur2 \(murmur2), CRC32 \(crc32), neither \(neither) of \(sampled)",
                remedy + "\nor let `ingest.rekey: true` bring them together")
        }
        if murmur2 > 0, crc32 > 0 {
            return .wrong(subject, "two are at work: murmur2 \(murmur2), CRC32 \(crc32) of \(sampled)", remedy)
        }
        if crc32 > 0 {
            return .note(
                subject, "CRC32 in all of \(sampled) sampled: librdkafka's default",
                "it works as long as all producers do so; `freshet produce` and Java's clients use murmur2")
        }
        if neither > records / 100 {
            return .note(subject, "\(neither) of \(sampled) lie where neither murmur2 nor CRC32 puts their key")
        }
        return .fine(subject, "murmur2, by \(sampled) of \(topic)")
    }
}
