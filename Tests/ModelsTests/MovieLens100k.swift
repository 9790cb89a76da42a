import Events
import Foundation
import Linear

@testable import Models

/// MovieLens 100k, ratings of 4 and more, in the order of their times and then of the file, each user's last one left
/// out.
struct MovieLens100k {
    let histories: TrainingHistories
    /// The row that was left out of each user, nil where no other user touched it.
    let wanted: [Int32?]

    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/data/ml-100k/u.data").standardizedFileURL.path

    /// Whether the data lies beside the project.
    static let isPresent = FileManager.default.fileExists(atPath: file)

    init() throws {
        var ratings = try String(contentsOfFile: Self.file, encoding: .utf8).split(separator: "\n").map { line in
            line.split(separator: "\t").map { Int($0) ?? 0 }
        }
        ratings = ratings.filter { $0[2] >= 4 }
        let order = ratings.indices.sorted { (ratings[$0][3], $0) < (ratings[$1][3], $1) }
        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        var last: [String] = []
        let byUser = Dictionary(grouping: order) { ratings[$0][0] }
        for user in byUser.keys.sorted() {
            guard let places = byUser[user], let left = places.last, places.count > 1 else { continue }
            for place in places.dropLast().reversed() {
                builder.append(
                    identifiers.intern("\(ratings[place][1])"), rating: 4, time: Int64(ratings[place][3]) * 1000)
            }
            builder.endUser()
            last.append("\(ratings[left][1])")
        }
        let built = builder.build(identifiers)
        histories = built
        wanted = last.map { item in built.items.firstIndex(of: item).map { Int32($0) } }
    }

    /// HR@20 and NDCG@20.
    func quality(_ model: some RecommenderModel) -> (hitRate: Double, ndcg: Double) {
        let lists = model.recommend((0..<histories.userCount).map { histories.history(of: $0) }, count: 20)
        var (hits, gain) = (0, 0.0)
        for (list, item) in zip(lists, wanted) {
            guard let rank = list.firstIndex(where: { $0.index == item }) else { continue }
            hits += 1
            gain += 1 / log2(Double(rank + 2))
        }
        return (Double(hits) / Double(lists.count), gain / Double(lists.count))
    }
}
