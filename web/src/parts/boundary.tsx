// A page that breaks says so and takes nothing else with it.

import { Component, type ReactNode } from 'react'
import { t } from '../i18n'

interface Props {
  /** Another place is another attempt. */
  place: string
  children: ReactNode
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
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <div role="alert" className="failure">
        <p><strong>{t('app.broken')}</strong></p>
        <p className="muted">{error.message}</p>
        <button onClick={() => location.reload()}>{t('common.retry')}</button>
      </div>
    )
  }
}
