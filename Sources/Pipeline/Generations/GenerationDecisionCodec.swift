internal import Events
public import Models

/// Decisions as bytes.
public enum GenerationDecisionCodec {
    private static let version: UInt8 = 1

    public static func encode(_ decision: GenerationDecision) -> [UInt8] {
        let writer = ByteWriter()
        writer.byte(version)
        writer.varint(decision.number)
        writer.fixed(decision.content)
        writer.varint(decision.model.utf8.count)
        writer.text(decision.model)
        writer.byte(decision.isPromoted ? 1 : 0)
        writer.byte(decision.reason.rawValue)
        writer.varint((decision.serving ?? -1) + 1)
        writer.signed(decision.latestTime)
        writer.byte(decision.comparison == nil ? 0 : 1)
        if let comparison = decision.comparison {
            writer.varint(comparison.cases)
            writer.varint(comparison.users)
            writer.signed(comparison.boundary)
            for value in [
                comparison.candidate.hitRate, comparison.candidate.ndcg, comparison.serving.hitRate,
                comparison.serving.ndcg, comparison.difference.mean, comparison.difference.low,
                comparison.difference.high,
            ] { writer.double(value) }
            // Later than version 1 began: what does not know it stops before it.
            if let standIns = comparison.standIns {
                writer.byte((standIns.candidate ? 1 : 0) | (standIns.serving ? 2 : 0))
            }
        }
        return Array(writer.bytes)
    }

    /// - Throws: `ByteReader.Malformed` for another version, and for bytes that are no decision.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws -> GenerationDecision {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw ByteReader.Malformed(offset: 0) }
        var decision = GenerationDecision(isPromoted: false, reason: .first)
        decision.number = try reader.count(limit: Int(Int32.max))
        decision.content = try reader.fixed(UInt64.self)
        decision.model = String(decoding: try reader.counted(), as: UTF8.self)
        decision.isPromoted = try reader.byte() == 1
        guard let reason = GenerationDecision.Reason(rawValue: try reader.byte()) else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        decision.reason = reason
        let serving = try reader.count(limit: Int(Int32.max)) - 1
        decision.serving = serving < 0 ? nil : serving
        decision.latestTime = try reader.signed()
        guard try reader.byte() == 1 else { return decision }
        var comparison = GenerationComparison()
        comparison.cases = try reader.count(limit: .max)
        comparison.users = try reader.count(limit: .max)
        comparison.boundary = try reader.signed()
        comparison.candidate = .init(hitRate: try reader.double(), ndcg: try reader.double())
        comparison.serving = .init(hitRate: try reader.double(), ndcg: try reader.double())
        comparison.difference = PairedInterval(
            mean: try reader.double(), low: try reader.double(), high: try reader.double())
        if !reader.isAtEnd {
            let bits = try reader.byte()
            comparison.standIns = .init(candidate: bits & 1 != 0, serving: bits & 2 != 0)
        }
        decision.comparison = comparison
        return decision
    }
}
