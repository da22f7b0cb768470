import ArgumentParser
import CommandSigning
import Digests
import Handlers

struct PrintCommandKeys: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "command-keys",
        abstract: "Prints the public keys of a file of private keys, as agents read them.",
        discussion: """
            Agents trust the keys in COMMAND_KEYS or COMMAND_KEYS_FILE. The private keys are those of COMMAND_SIGNING_KEY_FILE, or with \
            --operator those of a person. No database is needed.
            """
    )

    @Argument(help: "The file of private keys.")
    var file: String

    @Flag(name: .customLong("operator"), help: "The keys are those of a person who signs commands.")
    var isOperator = false

    func run() throws {
        for key in try ServerKeys.keys(in: file) {
            print("\(isOperator ? "operator" : "server"):\(key.verifyingKey.bytes.hexadecimal)  # \(key.id)")
        }
    }
}
