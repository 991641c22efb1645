// The fields of forms: a label each, its help, and its value in the address of the page.
import type { ComponentChildren } from 'preact';
import { keepInAddress, usePlace } from './router.tsx';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly help?: ComponentChildren;
}

// With another choice, a job is no longer the retry of an earlier one.
const keepChoice = (name: string, value: string) => keepInAddress({ [name]: value, retryOf: '' });
const chosen = (name: string) => (event: Event) =>
  keepChoice(name, (event.target as HTMLInputElement | HTMLSelectElement).value);

/** One of several values. */
export function SelectField(
  props: Field & {
    readonly options: readonly {
      readonly value: string;
      readonly text: string;
      readonly isOff?: boolean;
    }[];
    readonly empty: string;
    readonly required?: boolean;
  },
) {
  const { name, label, options, empty, help, required } = props;
  const value = usePlace().query.get(name) ?? '';
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select
        id={name}
        value={value}
        required={required}
        aria-describedby={help ? `${name}-help` : undefined}
        onChange={chosen(name)}
      >
        <option value="">{empty}</option>
        {options.map((one) => (
          <option key={one.value} value={one.value} disabled={one.isOff}>
            {one.text}
          </option>
        ))}
      </select>
      <Help name={name} help={help} />
    </div>
  );
}

/** A text. */
export function TextField(props: Field & { readonly placeholder?: string }) {
  const { name, label, help, placeholder } = props;
  const value = usePlace().query.get(name) ?? '';
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        aria-describedby={help ? `${name}-help` : undefined}
        onInput={chosen(name)}
      />
      <Help name={name} help={help} />
    </div>
  );
}

/** Yes or no. */
export function CheckField(props: {
  readonly name: string;
  readonly isOn: boolean;
  readonly children: ComponentChildren;
  /** The value in the address where it is not the usual one. */
  readonly other: string;
  readonly usual: boolean;
}) {
  const { name, isOn, children, other, usual } = props;
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isOn}
        onChange={(event) =>
          keepChoice(name, (event.target as HTMLInputElement).checked === usual ? '' : other)
        }
      />
      <span>{children}</span>
    </label>
  );
}

function Help({ name, help }: { readonly name: string; readonly help: ComponentChildren }) {
  return help ? (
    <p id={`${name}-help`} class="small quiet">
      {help}
    </p>
  ) : null;
}
