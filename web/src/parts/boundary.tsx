// A page that breaks says so and takes nothing else with it.

import { Component, type ReactNode } from 'react'
import { t } from '../i18n'

interface Props {
  /** Another place is another attempt. */
  place: string
  children: ReactNode
}

/** What is made of `data`; `broken` where that has not the form that it should have, until other data comes. */
export class Readable extends Component<{ data: unknown; broken: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  override componentDidUpdate(before: { data: unknown }) {
    if (before.data !== this.props.data && this.state.failed) this.setState({ failed: false })
  }

  override render() {
    return this.state.failed ? this.props.broken : this.props.children
  }
}

export class Boundary extends Component<Props, { error?: Error }> {
  override state: { error?: Error } = {}

  static getDerivedStateFromError(error: Error) {
    return { error }
  }

  override componentDidUpdate(before: Props) {
    if (before.place !== this.props.place && this.state.error) this.setState({ error: undefined })
  }

  override render() {
    if (!this.state.error) return this.props.children
    return (
      <div role="alert" className="failure">
        <p><strong>{t('app.broken')}</strong></p>
        <button onClick={() => location.reload()}>{t('common.retry')}</button>
      </div>
    )
  }
}
