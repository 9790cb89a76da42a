import Events
import Foundation
import Models
import Pipeline
import ServiceKit

/// Decisions and comparisons as text and JSON.
enum DecisionText {
    static func figure(_ value: Double) -> String { HumanFormat.fixed(value, digits: 4) }

    static func signed(_ value: Double) -> String { (value < 0 ? "−" : "+") + figure(abs(value)) }

    /// `+0.0012 [−0.0003, +0.0030]`
    static func interval(_ interval: PairedInterval) -> String {
        "\(signed(interval.mean)) [\(signed(interval.low)), \(signed(interval.high))]"
    }

    static func time(_ milliseconds: Int64) -> String {
        let writer = ByteWriter()
        JSONText.time(milliseconds, to: writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// A comparison as a table, and what it was made on.
    static func table(_ comparison: GenerationComparison, _ first: String, _ second: String) -> String {
        guard comparison.cases > 0 else {
            return "there was nothing to compare on: no known user took a known item after "
                + time(comparison.boundary) + "\n" + tooFew
        }
        var table = TextTable(
            [.init("generation"), .init("HR@20", .right), .init("NDCG@20", .right)]
                + (comparison.standIns == nil ? [] : [.init("judged")]))
        let judged = judged(comparison)
        for (index, (name, quality)) in [(first, comparison.candidate), (second, comparison.serving)].enumerated() {
            table.append([name, figure(quality.hitRate), figure(quality.ndcg)] + judged.dropFirst(index).prefix(1))
        }
        return table.render()
            + "difference in NDCG@20 \(interval(comparison.difference)), 95% paired bootstrap over "
            + "\(HumanFormat.counted(comparison.users, "user"))\n"
            + "\(HumanFormat.counted(comparison.cases, "held-out interaction")) after \(time(comparison.boundary))"
            + (comparison.isEnough ? "" : "\n" + tooFew)
    }

    /// How each side was judged; nothing where the record does not tell.
    private static func judged(_ comparison: GenerationComparison) -> [String] {
        guard let standIns = comparison.standIns else { return [] }
        return [standIns.candidate, standIns.serving].map {
            $0 ? "not itself: its recipe, trained on what came until then" : "as it is"
        }
    }

    private static let tooFew =
        "too few to tell: it takes \(GenerationDecision.casesMin) held-out interactions or more, over "
        + "\(GenerationDecision.usersMin) users or more"

    /// Without figures where there was nothing to compare on.
    static func members(_ comparison: GenerationComparison) -> [String: Any] {
        var members: [String: Any] = [
            "cases": comparison.cases, "users": comparison.users, "after": time(comparison.boundary),
            "enough": comparison.isEnough,
            "minimum": ["cases": GenerationDecision.casesMin, "users": GenerationDecision.usersMin],
        ]
        if let standIns = comparison.standIns {
            members["judged"] = [standIns.candidate, standIns.serving].map { $0 ? "stand-in" : "itself" }
        }
        guard comparison.cases > 0 else { return members }
        let figures: [String: Any] = [
            "hr@20": [comparison.candidate.hitRate, comparison.serving.hitRate],
            "ndcg@20": [comparison.candidate.ndcg, comparison.serving.ndcg],
            "ndcg@20_difference": [
                "mean": comparison.difference.mean, "low": comparison.difference.low,
                "high": comparison.difference.high,
            ],
        ]
        return members.merging(figures) { $1 }
    }

    static func members(_ decision: GenerationDecision) -> [String: Any] {
        var members: [String: Any] = [
            "generation": decision.number, "model": decision.model, "promoted": decision.isPromoted,
            "reason": decision.reason.text, "latest_event_time": time(decision.latestTime),
        ]
        if let serving = decision.serving { members["compared_with"] = serving }
        if let comparison = decision.comparison { members["comparison"] = Self.members(comparison) }
        return members
    }

    static func json(_ value: Any) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }

    /// What was decided, in one line.
    static func verdict(_ decision: GenerationDecision) -> String {
        "generation \(decision.number) (\(decision.model)) \(decision.isPromoted ? "promoted" : "refused"): "
            + decision.reason.text
    }
}
