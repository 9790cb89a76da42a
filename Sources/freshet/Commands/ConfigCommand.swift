import ServiceKit

/// `freshet config`: prints what `Config/freshet.yaml` holds.
enum ConfigCommand {
    static let header = """
        Freshet's configuration: every setting with its default. `freshet config` prints this file.
        Environment variables go over the file, and --set KEY=VALUE over both. An unknown key is an error.
        """

    static var text: String { Settings.table.renderYAML(header: header) }

    static let command = Command(
        "config", "Print every setting with its default, meaning and environment name, as YAML."
    ) { _ in
        print(text, terminator: "")
        return 0
    }
}
