internal import Events
internal import Foundation
public import Models

extension PrequentialResult {
    /// Differences to another run on the same events.
    public struct Difference: Sendable, Equatable {
        /// Of HR@N and of NDCG@N, this run's less the other's.
        public var hitRate: PairedInterval
        public var ndcg: PairedInterval
    }

    /// Another run's outcomes, one a line: the event's place in the stream and its item's rank in the list, both from 0,
    /// with a comma or tab between them; no rank, or one that is not below N, is a miss. A first line without a number is a
    /// header.
    public func outcomes(reading text: String) throws(EventStreamReader.Failure) -> [Int: Int?] {
        var ranks: [Int: Int?] = [:]
        for (line, row) in text.textLines.enumerated() {
            let cells = row.split(omittingEmptySubsequences: false) { $0 == "," || $0 == "\t" }
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard let first = cells.first, !first.isEmpty else { continue }
            guard let event = Int(first) else {
                if line == 0 { continue }
                throw EventStreamReader.Failure(line: line + 1, message: "'\(first)' is no event's place")
            }
            let rank = cells.count > 1 ? cells[1] : ""
            guard let place = Int(rank.isEmpty ? "-1" : rank) else {
                throw EventStreamReader.Failure(line: line + 1, message: "'\(rank)' is no rank")
            }
            ranks[event] = .some(place >= 0 && place < length ? place : nil)
        }
        return ranks
    }

    /// This run's outcomes as `outcomes(reading:)` reads them.
    public var outcomesText: String {
        "event,rank\n" + outcomes.map { "\($0.event),\($0.rank.map(String.init) ?? "")\n" }.joined()
    }

    /// This run less another, with intervals over the users (their events are resampled together).
    /// - Parameter ranks: of the other run, by event.
    /// - Returns: nil where an event of this run is not in the other.
    public func difference(to ranks: [Int: Int?]) -> Difference? {
        var hits: [Double] = []
        var gains: [Double] = []
        for outcome in outcomes {
            guard let other = ranks[outcome.event] else { return nil }
            hits.append((outcome.rank == nil ? 0 : 1) - (other == nil ? 0 : 1))
            gains.append(Gain.at(outcome.rank) - Gain.at(other))
        }
        let users = outcomes.map(\.user)
        guard let hitRate = PairedInterval(hits, clusters: users),
            let ndcg = PairedInterval(gains, clusters: users)
        else { return nil }
        return Difference(hitRate: hitRate, ndcg: ndcg)
    }

    /// This run less another of the same stream.
    public func difference(to other: PrequentialResult) -> Difference? {
        difference(to: Dictionary(uniqueKeysWithValues: other.outcomes.map { ($0.event, $0.rank) }))
    }
}
