// Wer was darf.

export const permissions = {
  'permissions.title': 'Rechte',
  'permissions.about': 'Was jemand mit den PCs tun darf, die er sieht – so, wie der Server selbst urteilt. Wo AMT die Zustimmung der Person am PC verlangt, ist sie außerdem nötig.',
  'permissions.of': 'Von wem',
  'permissions.me': 'Sie',
  'permissions.user': 'Benutzer',
  'permissions.token': 'Token',
  'permissions.role': 'Rollen',
  'permissions.scope': 'Umfang von Token',
  'permissions.device': 'Mit diesem PC (Name oder UUID)',
  'permissions.sees': 'Sieht diesen PC',
  'permissions.right': 'Recht',
  'permissions.allRights': 'Alle Rechte zeigen',
  'permissions.tokenScope': 'Token: {scope}',
  'permissions.yes': '{name} darf das.',
  'permissions.no': '{name} darf das nicht.',
  'permissions.roles': 'Rollen mit diesem Recht: {roles}',
  'permissions.scopes': 'Umfang von Token mit diesem Recht: {scopes}',
  'permissions.unknown': 'Der Server kennt kein Recht namens {right}.',
  'permissions.whyNot': 'Warum darf ich das nicht?',
  'account.permissions': 'Was Sie dürfen'
}
