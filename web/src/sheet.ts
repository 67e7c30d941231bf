// Style sheets made at run time without inline style, which the dashboard's policy forbids.

/** Stands where a `style` element would: what is written into it becomes a sheet of the document, for as long as it stays. */
export function makeSheet(): HTMLElement {
  const sheet = new CSSStyleSheet()
  const element = document.createElement('template')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  Object.defineProperty(element, 'textContent', {
    get: () => [...sheet.cssRules].map((rule) => rule.cssText).join('\n'),
    set: (text: string | null) => sheet.replaceSync(text ?? '')
  })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}
