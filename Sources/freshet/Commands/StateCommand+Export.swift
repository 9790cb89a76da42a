import Events
import Foundation
import Models
import Pipeline
import ServiceKit

/// `freshet state export`.
extension StateCommand {
    static let export = Command(
        "export", "Write the committed state to a file: users and items, one JSON object a line.",
        discussion:
            "Every user with features and history, every item with features, and the exact state of both. `freshet replay "
            + "--base FILE` goes on from it, also when the events that it holds have expired. The file is as consistent as "
            + "what is committed; no member need be stopped. Pack it with gzip if you like: --base reads that too.",
        arguments: [Argument("file", "Where to write; - for standard output.")],
        options: Deployment.options + [.flag("force", "Write over a file that is there.")]
    ) { arguments in
        let path = arguments.required("file")
        try OutputFile.check(path, replaces: arguments.flag("force"))
        let deployment = try Deployment(arguments)
        let worker = try restore(deployment)
        try awaitItems(worker)
        let export = StateExport(worker)
        let head = StateFile.Head(
            application: deployment.topics.application,
            offsets: Dictionary(uniqueKeysWithValues: export.positions.map { ("\($0.key)", $0.value) }),
            users: export.userCount, items: export.itemCount, usersHash: worker.usersHash().hex,
            itemsHash: worker.items.table.hash().hex, table: Data(export.manifest))
        let bar = ProgressBar("export", total: export.userCount + export.itemCount, unit: "lines")
        try StateFile.write(export, head, to: OutputFile(path)) { bar.advance() }
        bar.finish()
        if path != "-" {
            print(
                "\(HumanFormat.counted(export.userCount, "user")) and "
                    + "\(HumanFormat.counted(export.itemCount, "item")) in \(path)")
            print("users  \(head.usersHash)\nitems  \(head.itemsHash)")
        }
        return 0
    }

    /// A service at work may have committed users since the item log was read to its end.
    private static func awaitItems(_ worker: Worker) throws {
        let deadline = monotonicMilliseconds() + 30_000
        while !StateExport.isWhole(worker) {
            guard monotonicMilliseconds() < deadline else {
                throw CommandFailure(
                    "the item log stays behind the users", remedy: "try again; is the broker at its limit?",
                    exitCode: 75)
            }
            try worker.step(timeoutMilliseconds: 20)
        }
    }
}
