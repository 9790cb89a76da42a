internal import CRdKafka

/// librdkafka's list of partitions with offsets, owned.
struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    /// Takes a list over.
    init(consuming raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        self.raw = raw
    }

    init(_ partitions: [TopicPartition]) {
        raw = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        for place in partitions { rd_kafka_topic_partition_list_add(raw, place.topic, place.partition) }
    }

    init(_ offsets: [PartitionOffset]) {
        raw = rd_kafka_topic_partition_list_new(Int32(offsets.count))
        for each in offsets {
            rd_kafka_topic_partition_list_add(raw, each.place.topic, each.place.partition).pointee.offset = each.offset
        }
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(raw)
    }

    var partitions: [TopicPartition] { Self.partitions(of: raw) }
    var offsets: [PartitionOffset] { Self.offsets(of: raw) }

    /// The first error that librdkafka wrote beside a partition.
    func checkEach() throws(KafkaError) {
        for index in 0..<Int(raw.pointee.cnt) {
            let element = raw.pointee.elems[index]
            if element.err == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
            let place = "\(String(cString: element.topic))[\(element.partition)]"
            throw KafkaError(element.err, message: "\(place): \(String(cString: rd_kafka_err2str(element.err)))")
        }
    }

    static func partitions(of raw: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        offsets(of: raw).map(\.place)
    }

    static func offsets(of raw: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionOffset] {
        guard let raw else { return [] }
        return (0..<Int(raw.pointee.cnt)).map { index in
            let element = raw.pointee.elems[index]
            return PartitionOffset(String(cString: element.topic), element.partition, element.offset)
        }
    }
}
