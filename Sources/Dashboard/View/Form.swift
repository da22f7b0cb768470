import Mustache

/// A form that leads to another page.
struct Form {
    var action: String
    /// `post`, which carries the session's CSRF token, or `get`.
    var method = "post"
    /// The layout of the fields: `inline`, `stack` or empty.
    var shape = ""
    var hidden: [Hidden] = []
    var fields: [Field] = []
    var buttons: [Button] = []
    /// Buttons that are rarely needed.
    var otherButtons: OtherButtons?
    /// The active filters of a form that filters.
    var chips: [Chip] = []
    /// Why the last submission was rejected.
    var error: String?
    /// The text to type before the button is enabled.
    var phrase: String?
    /// A text that hides the form until it is opened: a second step before an action that cannot be undone.
    var summary: String?

    struct Hidden {
        let name: String
        let value: String
    }

    /// Buttons that are hidden until they are opened.
    struct OtherButtons {
        let summary: String
        let buttons: [Button]
    }

    /// An active filter, with the link that removes it.
    struct Chip {
        let text: String
        let href: String
    }

    struct Button {
        let text: String
        var name: String?
        var value: String?
        /// CSS classes: `danger`, `first`, `small`.
        var look = ""
        /// The accessible name, where the text alone is ambiguous.
        var label: String?
        /// The page that the button opens instead of the form's.
        var path: String?

        init(
            _ text: String,
            name: String? = nil,
            value: String? = nil,
            look: String = "",
            label: String? = nil,
            path: String? = nil
        ) {
            self.text = text
            self.name = name
            self.value = value
            self.look = look
            self.label = label
            self.path = path
        }
    }

    struct Field {
        let name: String
        let label: String
        var kind = "text"
        var value = ""
        var options: [Option] = []
        var hint: String?
        var isRequired = false
        var minimum: Int?
        var maximum: Int?
        var isArea = false
        var isChecked = false
        /// The value of `autocomplete`.
        var filling = "off"

        init(
            _ name: String,
            _ label: String,
            kind: String = "text",
            value: String = "",
            options: [Option] = [],
            hint: String? = nil,
            isRequired: Bool = false,
            minimum: Int? = nil,
            maximum: Int? = nil,
            isArea: Bool = false,
            isChecked: Bool = false
        ) {
            self.name = name
            self.label = label
            self.kind = kind
            self.value = value
            self.options = options
            self.hint = hint
            self.isRequired = isRequired
            self.minimum = minimum
            self.maximum = maximum
            self.isArea = isArea
            self.isChecked = isChecked
        }
    }

    struct Option {
        let value: String
        let text: String
        let isSelected: Bool

        init(_ value: String, _ text: String? = nil, selected: String = "") {
            self.value = value
            self.text = text ?? value
            isSelected = value == selected
        }

        /// All values of an enumeration, after an option for no filter.
        static func all<Value: CaseIterable & RawRepresentable<String>>(
            _ type: Value.Type,
            or none: String = "Any",
            selected: String?
        ) -> [Option] {
            [Option("", none)] + type.allCases.map { Option($0.rawValue, selected: selected ?? "") }
        }
    }
}

extension Form: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "action": action
        case "method": method
        case "shape": shape
        case "isPost": method == "post"
        case "isInline": shape == "inline"
        case "hidden": hidden
        case "hasFields": !fields.isEmpty
        case "fields": fields
        case "buttons": buttons
        case "otherButtons": otherButtons
        case "chips": chips
        case "hasChips": !chips.isEmpty
        case "error": error
        case "phrase": phrase
        case "summary": summary
        default: nil
        }
    }
}

extension Form.Field: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "label": label
        case "kind": kind
        case "value": value
        case "options": options
        case "hint": hint
        case "isRequired": isRequired
        case "minimum": minimum
        case "maximum": maximum
        case "isChecked": isChecked
        case "filling": filling
        case "isSelect": !options.isEmpty
        case "isCheck": kind == "checkbox"
        case "isArea": isArea
        case "isPlain": options.isEmpty && kind != "checkbox" && !isArea
        default: nil
        }
    }
}
