// Settings, certificates.

export const settings = {
  'settings.config': 'Effective configuration',
  'settings.about': 'Version {version}, up since {since}',
  'settings.root': 'Root certificate that the PCs need'
}
