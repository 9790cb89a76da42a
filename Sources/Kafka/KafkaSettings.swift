internal import CRdKafka
internal import ServiceKit

/// librdkafka's properties for one client, in the order in which they were given.
///
/// Names and values are librdkafka's own (its CONFIGURATION.md lists them), so that an operator's knowledge carries
/// over; nothing is renamed on the way.
public struct KafkaSettings: Sendable {
    /// A name and a value, both as librdkafka has them.
    public struct Property: Sendable, Hashable {
        public let name: String
        public let value: String
    }

    /// Each name once, in the order in which they were given.
    public private(set) var properties: [Property] = []
    /// Receives what the clients of these settings say; nil drops it.
    public var log: KafkaLog?

    public init() {}

    /// Settings that name the brokers (`host:port`, several separated by commas) and nothing else.
    public init(bootstrapServers: String) {
        self["bootstrap.servers"] = bootstrapServers
    }

    /// Properties by name and value; of two with one name the later counts.
    public init(_ pairs: [(key: String, value: String)]) {
        for (name, value) in pairs { self[name] = value }
    }

    /// The value of one property; assigning nil removes it, assigning again keeps its place in the order.
    public subscript(name: String) -> String? {
        get { properties.first { $0.name == name }?.value }
        set {
            let index = properties.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): properties[index] = Property(name: name, value: value)
            case (let index?, nil): properties.remove(at: index)
            case (nil, let value?): properties.append(Property(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// These settings with those of `other` on top.
    public func merging(_ other: KafkaSettings) -> KafkaSettings {
        var merged = self
        for property in other.properties { merged[property.name] = property.value }
        merged.log = other.log ?? log
        return merged
    }

    /// These settings, with `defaults` only where nothing was said.
    public func defaulting(to defaults: KafkaSettings) -> KafkaSettings {
        var merged = self
        for property in defaults.properties where merged[property.name] == nil {
            merged[property.name] = property.value
        }
        return merged
    }

    /// Throws an error that names the first property that librdkafka does not know or whose value it refuses.
    public func validate() throws(KafkaError) {
        rd_kafka_conf_destroy(try makeConfiguration())
    }

    /// A configuration object; the caller hands it to `rd_kafka_new` or destroys it.
    func makeConfiguration() throws(KafkaError) -> OpaquePointer {
        let configuration = rd_kafka_conf_new()!
        var reason = [CChar](repeating: 0, count: 512)
        for property in properties {
            let result = rd_kafka_conf_set(configuration, property.name, property.value, &reason, reason.count)
            if result == RD_KAFKA_CONF_OK { continue }
            rd_kafka_conf_destroy(configuration)
            var sentence = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            // Of a name that it does not know librdkafka does not repeat the value.
            if isSecret(key: property.name), result != RD_KAFKA_CONF_UNKNOWN {
                sentence = "the value is refused"
            }
            throw KafkaError(code: .invalidArgument, message: "property \"\(property.name)\": \(sentence)")
        }
        return configuration
    }

    /// The log without the values of these settings' secrets, which librdkafka's debug lines may hold.
    var safeLog: KafkaLog? {
        guard let log else { return nil }
        let secrets = properties.filter { isSecret(key: $0.name) && !$0.value.isEmpty }.map(\.value)
        return { line in
            let message = secrets.reduce(line.message) { $0.replacing($1, with: "•••") }
            log(KafkaLogLine(level: line.level, facility: line.facility, message: message))
        }
    }
}

extension KafkaSettings: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { self[name] = value }
    }
}

extension KafkaSettings: CustomStringConvertible {
    /// One `name=value` a line, secrets replaced by dots.
    public var description: String {
        properties.map { "\($0.name)=\(isSecret(key: $0.name) ? "•••" : $0.value)" }.joined(separator: "\n")
    }
}
